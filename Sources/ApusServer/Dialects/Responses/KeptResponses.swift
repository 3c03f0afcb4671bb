internal import ApusJSON
internal import ApusStore
internal import HTTPTypes
internal import Hummingbird

/// `/v1/responses/{id}`: answers that were kept, for each owner of a key apart.
struct KeptResponses: Sendable {
  let service: ModelService

  func response(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    guard request.uri.queryParameters["stream"] != "true" else {
      throw Refusal.unsupported("stream", "a stream of an answer that has ended")
    }
    return WholeReply(try await kept(request, context).response).response
  }

  func drop(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let key = try key(request, context)
    let isDropped = try await service.kept { store throws(StoreError) in try await store.drop(key) }
    guard isDropped else { throw Refusal.unknownResponse }
    return WholeReply(["id": .string(key.id), "object": "response", "deleted": true]).response
  }

  /// All items that stood before the answer, in pages, the last first as OpenAI has it.
  func inputItems(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let page = try ListPage(request)
    return WholeReply(try page.list(of: try await kept(request, context).input)).response
  }

  /// Reads the document on a thread for such work, as it may be large.
  private func kept(_ request: Request, _ context: APIRequestContext) async throws -> KeptResponse {
    let key = try key(request, context)
    let document = try await service.kept { store throws(StoreError) in try await store.document(key) }
    guard let document else { throw Refusal.unknownResponse }
    return try await service.preparation.run(for: context.client) { _ in try KeptResponse(document) }
  }

  /// The answer that the path names; it is behind `/v1/responses`.
  private func key(_ request: Request, _ context: APIRequestContext) throws(Refusal) -> DocumentKey {
    let components = PathPattern.components(of: request.uri.path)
    guard service.configuration.store != nil, components.count > 2,
      let key = DocumentKey(.response, owner: context.owner, named: String(components[2]))
    else { throw .unknownResponse }
    return key
  }
}
