internal import ApusJSON
internal import ApusStore
internal import HTTPTypes
internal import Hummingbird

/// `/apus/conversations`: what the chat page keeps here, and `/apus/sessions`: what was said with `X-Session`; for each
/// owner of a key apart.
struct Conversations: Sendable {
  let service: ModelService

  /// Entries of one list.
  private static let listLimit = 200
  private static let titleByteCount = 200
  /// The most bytes of one conversation.
  private static let byteCount = 1 << 20

  var routes: [Route] {
    let (dialect, conversations) = (Routes.standardDialect, "/apus/conversations")
    let kept = [(conversations, DocumentKind.conversation), ("/apus/sessions", .session)].flatMap { path, kind in
      [
        Route(.get, path, dialect) { try await list(kind, $0, $1) },
        Route(.get, path + "/*", dialect) { try await conversation(kind, $0, $1) },
        Route(.delete, path + "/*", dialect) { try await drop(kind, $0, $1) },
      ]
    }
    return kept + [Route(.put, conversations + "/*", dialect) { try await keep($0, $1) }]
  }

  /// The last ones, newest first; `?before=` a time goes on behind a list's last entry.
  private func list(
    _ kind: DocumentKind, _ request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    let before = try before(request)
    let found = try await service.kept { store throws(StoreError) in
      try await store.list(kind, of: context.owner, before: before, limit: Self.listLimit)
    }
    let list = found.map { entry -> JSONValue in
      ["id": .string(entry.id), "title": .string(entry.title), "updated": .int(entry.time)]
    }
    return Self.json(ByteBuffer(json: .object(JSONObject([(kind.rawValue + "s", .array(list))]))))
  }

  private func conversation(
    _ kind: DocumentKind, _ request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    let key = try key(kind, request, context)
    let document = try await service.kept { store throws(StoreError) in try await store.document(key) }
    guard let document else { throw Self.unknown }
    return Self.json(ByteBuffer(bytes: document.body))
  }

  private func keep(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let (key, reader) = (try key(.conversation, request, context), service.body)
    let body = try await reader.held(of: request)
    guard body.bytes.count <= Self.byteCount else { throw Refusal.tooLarge }
    let title = try await service.preparation.run(for: context.client) { _ in
      let fields = RequestFields(try reader.object(of: body))
      guard try fields.array("messages") != nil else { throw fields.mismatch("messages", "an array") }
      return try fields.string("title", upTo: Self.titleByteCount) ?? ""
    }
    let document = Document(key, title: title, time: Document.now, body: body.bytes)
    try await service.kept { store throws(StoreError) in
      try await store.put(document)
      withExtendedLifetime(body) {}
    }
    return Response(status: .noContent)
  }

  private func drop(
    _ kind: DocumentKind, _ request: Request, _ context: APIRequestContext
  ) async throws -> Response {
    let key = try key(kind, request, context)
    let isDropped = try await service.kept { store throws(StoreError) in try await store.drop(key) }
    guard isDropped else { throw Self.unknown }
    return Response(status: .noContent)
  }

  private func before(_ request: Request) throws(Refusal) -> Int {
    guard let text = request.uri.queryParameters["before"] else { return .max }
    guard let time = Int(text) else { throw .invalid("before", "before must be a time in milliseconds") }
    return time
  }

  private func key(
    _ kind: DocumentKind, _ request: Request, _ context: APIRequestContext
  ) throws(Refusal) -> DocumentKey {
    let id = String(PathPattern.components(of: request.uri.path).last ?? "")
    guard let key = DocumentKey(kind, owner: context.owner, named: id) else {
      throw .invalid("id", "a conversation's id must be 1 to 64 letters, digits, - or _")
    }
    return key
  }

  private static func json(_ body: ByteBuffer) -> Response {
    Response(status: .ok, headers: LateForm.jsonHeaders, body: ResponseBody(byteBuffer: body))
  }

  private static let unknown = Refusal(.notFound, "there is no such conversation", field: "id")
}
