internal import ApusJSON
internal import ApusStore
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// `/apus/conversations`: what the chat page keeps here, for each owner of a key apart.
struct Conversations: Sendable {
  let service: ModelService

  /// Entries of one list.
  private static let listLimit = 200
  private static let titleByteCount = 200
  /// The most bytes of one conversation.
  private static let byteCount = 1 << 20

  var routes: [Route] {
    let (dialect, one) = (Routes.standardDialect, "/apus/conversations/*")
    return [
      Route(.get, "/apus/conversations", dialect) { try await list($0, $1) }.described(.conversations),
      Route(.get, one, dialect) { try await conversation($0, $1) }.described(.conversation),
      Route(.put, one, dialect) { try await keep($0, $1) }.described(.keepConversation),
      Route(.delete, one, dialect) { try await drop($0, $1) }.described(.dropConversation),
    ]
  }

  /// The last ones, newest first; `?before=` a time goes on behind a list's last entry.
  private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let before = try before(request)
    let found = try await service.kept { store throws(StoreError) in
      try await store.list(.conversation, of: context.owner, before: before, limit: Self.listLimit)
    }
    let list = found.map { entry -> JSONValue in
      ["id": .string(entry.id), "title": .string(entry.title), "updated": .int(entry.time)]
    }
    return Self.json(ByteBuffer(json: ["conversations": .array(list)]))
  }

  private func conversation(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let key = try key(request, context)
    let document = try await service.kept { store throws(StoreError) in try await store.document(key) }
    guard let document else { throw Self.unknown }
    return Self.json(ByteBuffer(bytes: document.body))
  }

  private func keep(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let (key, reader) = (try key(request, context), service.body)
    let body = try await reader.held(of: request)
    guard body.bytes.count <= Self.byteCount else { throw Refusal.tooLarge }
    let title = try await service.preparation.run(for: context.client) { _ in
      let fields = RequestFields(try reader.object(of: body))
      guard try fields.array("messages") != nil else { throw fields.mismatch("messages", "an array") }
      return try fields.string("title", upTo: Self.titleByteCount) ?? ""
    }
    let time = Int(Date().timeIntervalSince1970 * 1000)
    let document = Document(key, title: title, time: time, body: body.bytes)
    try await service.kept { store throws(StoreError) in
      try await store.put(document)
      withExtendedLifetime(body) {}
    }
    return Response(status: .noContent)
  }

  private func drop(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let key = try key(request, context)
    let isDropped = try await service.kept { store throws(StoreError) in try await store.drop(key) }
    guard isDropped else { throw Self.unknown }
    return Response(status: .noContent)
  }

  private func before(_ request: Request) throws(Refusal) -> Int {
    guard let text = request.uri.queryParameters["before"] else { return .max }
    guard let time = Int(text) else { throw .invalid("before", "before must be a time in milliseconds") }
    return time
  }

  private func key(_ request: Request, _ context: APIRequestContext) throws(Refusal) -> DocumentKey {
    let id = String(PathPattern.components(of: request.uri.path).last ?? "")
    let isPlain = id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isPlain, (1...64).contains(id.utf8.count) else {
      throw .invalid("id", "a conversation's id must be 1 to 64 letters, digits, - or _")
    }
    return DocumentKey(.conversation, owner: context.owner, id: id)
  }

  private static func json(_ body: ByteBuffer) -> Response {
    Response(status: .ok, headers: LateForm.jsonHeaders, body: ResponseBody(byteBuffer: body))
  }

  private static let unknown = Refusal(.notFound, "there is no such conversation", field: "id")
}

extension ModelService {
  /// What the store gives; a refusal where there is none, or where it fails, which the log is told.
  func kept<Result: Sendable>(
    _ work: @Sendable (any DocumentStore) async throws(StoreError) -> Result
  ) async throws(Refusal) -> Result {
    guard let store = configuration.store else { throw .nothingKept }
    do {
      return try await work(store)
    } catch {
      if Task.isCancelled { throw .clientLeft }
      logger.error("the store failed", metadata: ["error": "\(error)"])
      throw .storeFailed
    }
  }
}
