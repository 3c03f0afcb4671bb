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
    let page = try ItemPage(request)
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

/// Which of a list of items a client asks for.
struct ItemPage: Sendable {
  private let limit: Int
  private let isAscending: Bool
  /// The id of the item that the page follows.
  private let after: String?

  init(_ request: Request) throws(Refusal) {
    let query = request.uri.queryParameters
    switch query["order"] {
    case "asc"?: isAscending = true
    case "desc"?, nil: isAscending = false
    default: throw .invalid("order", "order must be asc or desc")
    }
    let limit = query["limit"].map { Int($0) } ?? 20
    guard let limit, (1...100).contains(limit) else { throw .invalid("limit", "limit must be 1 to 100") }
    self.limit = limit
    after = query["after"].map(String.init)
  }

  /// The page of `items`, as OpenAI lists things.
  func list(of items: [JSONValue]) throws(Refusal) -> JSONValue {
    var rest = (isAscending ? items : items.reversed())[...]
    if let after {
      guard let place = rest.firstIndex(where: { $0["id"] == .string(after) }) else {
        throw .invalid("after", "after must be the id of one of the items")
      }
      rest = rest[(place + 1)...]
    }
    let page = Array(rest.prefix(limit))
    return [
      "object": "list", "data": .array(page), "first_id": page.first?["id"] ?? .null,
      "last_id": page.last?["id"] ?? .null, "has_more": .bool(rest.count > page.count),
    ]
  }
}
