internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOEmbedded
internal import Synchronization

/// A tiny random model with a chat template, loaded from a file that lives as long as this.
struct TestModel: Sendable {
  let model: Model
  private let folder: TemporaryFolder

  private init(
    contextLength: Int, parallel: Int, adapters: [String] = [], _ change: (inout TinyModel) -> Void = { _ in }
  ) async throws {
    var tiny = TinyModel()
    tiny.contextLength = contextLength
    change(&tiny)
    folder = try TemporaryFolder()
    let path = folder.path("tiny.gguf")
    try tiny.write(to: path)
    // Reproducible: whether a prompt was seen before must not change a bit of any answer.
    // It is far faster than any real model, and its readers share their threads with it: they may be behind.
    var options = LoadOptions(
      threads: 1, contextLength: contextLength, parallel: parallel, queueLimit: 64, unreadByteLimit: 1 << 20)
    for (seed, name) in adapters.enumerated() {
      var adapter = try TinyAdapter(tiny)
      adapter.seed = UInt64(seed)
      try adapter.write(to: folder.path(name))
      options.adapters.append(Adapter(name: name, path: folder.path(name)))
    }
    model = try await Model.load(path, options: options)
  }

  /// A model whose completions end within milliseconds, so many of them together at most.
  static func quick(parallel: Int = 1) async throws -> TestModel {
    try await TestModel(contextLength: 256, parallel: parallel)
  }

  /// The same with room for definitions of tools, which here take a token a byte.
  static func spacious() async throws -> TestModel { try await TestModel(contextLength: 2048, parallel: 1) }

  /// The same, whose template is told whether to think.
  static func switched() async throws -> TestModel {
    try await TestModel(contextLength: 256, parallel: 1) {
      $0.chatTemplate =
        "{% for m in messages %}{{ m.content }}{% endfor %}"
        + "{% if enable_thinking is defined %}ab{{ enable_thinking }}{{ reasoning_effort }}{{ reasoning_effort }}{% endif %}"
    }
  }

  /// The same, whose template has marks around what the model thinks.
  static func thinking() async throws -> TestModel {
    try await TestModel(contextLength: 256, parallel: 1) {
      $0.chatTemplate = """
        {% for m in messages %}{{ m.role }}: {% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>
        {% endif %}{{ m.content }}
        {% endfor %}
        """
    }
  }

  /// The same, whose answers begin with what the model thinks.
  static func reasoning() async throws -> TestModel {
    try await TestModel(contextLength: 256, parallel: 1) {
      $0.chatTemplate = "{% for m in messages %}{{ m.content }}\n{% endfor %}<think>\n"
    }
  }

  /// The same with adapters of these names.
  static func adapted(_ names: String...) async throws -> TestModel {
    try await TestModel(contextLength: 256, parallel: 4, adapters: names)
  }

  /// A model that makes embeddings and generates no text.
  static func embedding() async throws -> TestModel {
    try await TestModel(contextLength: 512, parallel: 4) { $0.pooling = .mean }
  }

  /// A model that ranks and generates no text.
  static func ranking() async throws -> TestModel {
    try await TestModel(contextLength: 512, parallel: 4) { $0.pooling = .ranking }
  }

  /// A model whose longest completion takes many seconds, so many of them together at most.
  static func slow(parallel: Int = 1) async throws -> TestModel {
    try await TestModel(contextLength: 32768, parallel: parallel)
  }
}

/// What a request was answered with.
struct Reply: Sendable {
  let status: Int
  let headers: HTTPFields
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as JSON, or null where it is none.
  var json: JSONValue { (try? JSONParser.parse(body)) ?? .null }

  /// The fields that the answer does not follow, as it names them.
  var ignoredFields: String? { HTTPField.Name("X-Apus-Ignored-Fields").flatMap { headers[$0] } }

  /// The `data:` of all events of a stream, without `[DONE]`.
  var events: [JSONValue] {
    text.split(separator: "\n").compactMap { line in
      guard line.utf8.starts(with: "data: {".utf8) else { return nil }
      return try? JSONParser.parse(Array(line.utf8.dropFirst(6)))
    }
  }

  /// Whether this is an error in the shape that OpenAI's clients read.
  var isAPIError: Bool {
    guard case .object(let error)? = json["error"], case .string(let message)? = error["message"],
      case .string? = error["type"], error["param"] != nil, error["code"] != nil
    else { return false }
    return !message.isEmpty && message.utf8.count <= 512
  }
}

/// A server whose requests come without a socket.
struct TestServer: Sendable {
  private let testModel: TestModel?
  private let server: Server
  private let responder: RouterResponder<APIRequestContext>

  /// The one model that the server serves.
  var model: Model {
    guard let testModel else { preconditionFailure("the server has several models") }
    return testModel.model
  }

  init(
    _ testModel: TestModel, name: String? = nil, logger: Logger = silent,
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) throws {
    let pool = ModelPool(testModel.model, name: name ?? testModel.model.information.name)
    try self.init(pool, testModel, logger: logger, configure)
  }

  /// A server of several models, of which nothing is loaded yet.
  init(
    _ pool: ModelPool, _ testModel: TestModel? = nil, logger: Logger = silent,
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = ServerConfiguration()
    configuration.unixTime = { 1_700_000_000 }
    configure(&configuration)
    self.testModel = testModel
    server = try Server(pool, configuration: configuration, logger: logger)
    responder = server.application(listeningOn: ListenAddress(host: "127.0.0.1", port: 0)).responder
    Task { [server] in await server.beginOwnWork() }
  }

  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Does once what a server does from time to time.
  func keepUp() async { await server.keepUp() }

  /// Listens, too, until its task is cancelled.
  func run(onReady: @escaping @Sendable () -> Void) async throws {
    try await server.run(handlesSignals: false, onReady: { _ in onReady() }, endNow: {})
  }

  /// Answers one request.
  func send(
    _ method: HTTPRequest.Method, _ path: String, host: String = "localhost", headers: HTTPFields = [:],
    body: [UInt8] = []
  ) async throws -> Reply {
    let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers)
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
    let source = ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: Self.silent)
    let response = try await responder.respond(to: request, context: APIRequestContext(source: source))
    let collector = BodyCollector()
    try await response.body.write(collector)
    return Reply(status: response.status.code, headers: response.headers, body: collector.bytes)
  }

  func post(_ path: String, _ body: String, headers: HTTPFields = [:]) async throws -> Reply {
    try await send(.post, path, headers: headers, body: Array(body.utf8))
  }

  func post(_ path: String, _ body: JSONValue) async throws -> Reply {
    try await send(.post, path, body: body.serialized(.compact))
  }
}

/// Keeps what a response writes.
private final class BodyCollector: ResponseBodyWriter, Sendable {
  private let written = Mutex<[UInt8]>([])

  var bytes: [UInt8] { written.withLock { $0 } }

  func write(_ buffer: ByteBuffer) async throws { written.withLock { $0 += buffer.readableBytesView } }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
