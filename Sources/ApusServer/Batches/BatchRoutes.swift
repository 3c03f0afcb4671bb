internal import ApusJSON
internal import Hummingbird

/// `/v1/batches`: lists of requests that are answered when there is time.
struct BatchRoutes: Sendable {
  let service: ModelService

  /// The paths whose requests a batch may have.
  static let endpoints = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"]
  private static let lifetime = 86_400

  var routes: [Route] {
    let dialect = Routes.standardDialect
    return [
      Route(.post, "/v1/batches", dialect) { try await create($0, $1) }.described(.addBatch),
      Route(.get, "/v1/batches", dialect) { try await list($0, $1) }.described(.batches),
      Route(.get, "/v1/batches/*", dialect) { request, context in
        Response(json: try await service.batchDesk().batch(id(request), of: context.owner).json)
      }.described(.oneBatch),
      Route(.post, "/v1/batches/*/cancel", dialect) { request, context in
        Response(json: try await service.batchDesk().cancel(id(request), of: context.owner).json)
      }.described(.cancelBatch),
    ]
  }

  private func id(_ request: Request) -> String { String(PathPattern.components(of: request.uri.path)[2]) }

  private func create(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let (desk, reader) = (try service.batchDesk(), service.body)
    let body = try await reader.held(of: request)
    let (input, endpoint, metadata, lifetime) = try await service.preparation.run(for: context.client) { _ in
      let fields = RequestFields(try reader.object(of: body))
      guard let input = try fields.string("input_file_id", upTo: 128) else {
        throw fields.mismatch("input_file_id", "a file's id")
      }
      guard let endpoint = try fields.string("endpoint", upTo: 128), Self.endpoints.contains(endpoint) else {
        throw Refusal.invalid("endpoint", "endpoint must be one of " + Self.endpoints.joined(separator: ", "))
      }
      guard try fields.string("completion_window", upTo: 16) == "24h" else {
        throw Refusal.invalid("completion_window", "completion_window must be 24h")
      }
      return (input, endpoint, try Self.metadata(fields), try Self.outputLifetime(fields))
    }
    guard let file = try await desk.files.file(input, of: context.owner), file.purpose == "batch" else {
      throw Refusal.invalid("input_file_id", "there is no such file for batches: send it to /v1/files first")
    }
    let now = service.configuration.unixTime()
    guard file.expires.map({ $0 > now + Self.lifetime }) ?? true else {
      throw Refusal.invalid("input_file_id", "this file expires before the batch may end: send it again")
    }
    let batch = Batch(
      id: newLongIdentifier("batch_"), owner: context.owner, endpoint: endpoint, input: input,
      metadata: metadata, outputLifetime: lifetime, created: now, expires: now + Self.lifetime)
    try await desk.add(batch)
    return Response(json: batch.json)
  }

  /// How long the batch's files stay, as `output_expires_after` says.
  private static func outputLifetime(_ fields: RequestFields) throws(Refusal) -> Int? {
    guard let expiry = try fields.object("output_expires_after") else { return nil }
    guard try expiry.string("anchor", upTo: 64) == "created_at" else { throw expiry.mismatch("anchor", "created_at") }
    guard let seconds = try expiry.int("seconds", in: BatchLimits.lifetimes) else {
      throw expiry.mismatch("seconds", "a whole number")
    }
    return seconds
  }

  private static func metadata(_ fields: RequestFields) throws(Refusal) -> [String: String] {
    guard let value = fields["metadata"], value != .null else { return [:] }
    let wrong = fields.mismatch("metadata", "an object of at most 16 texts of at most 512 bytes")
    guard case .object(let object) = value else { throw wrong }
    var metadata: [String: String] = [:]
    for (name, value) in zip(object.keys, object.values) {
      guard case .string(let text) = value, name.utf8.count <= 64, text.utf8.count <= 512, metadata.count < 16 else {
        throw wrong
      }
      metadata[name] = text
    }
    return metadata
  }

  private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let all = try await service.batchDesk().list(of: context.owner)
    return Response(json: try ListPage(request).list(of: all.reversed().map(\.json)))
  }
}

extension ModelService {
  /// Where batches are; a refusal where the server keeps no files.
  func batchDesk() throws(Refusal) -> BatchDesk {
    guard let batches else {
      throw Refusal(.unsupported, "this server keeps no files and batches: it was started without --files FOLDER")
    }
    return batches
  }
}
