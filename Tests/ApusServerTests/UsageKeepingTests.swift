internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import Synchronization
internal import Testing

/// What clients have used outlives the server that counted it.
@Suite(.timeLimit(.minutes(2))) struct `Counts of usage` {
  private static let keys = MemoryFile(
    ["alice", "root admin"].map { line in
      let words = line.split(separator: " ")
      return "\(words[0]) \(KeyDigest(of: "key of \(words[0])").text) \(words.dropFirst().joined(separator: " "))"
    }.joined(separator: "\n"))
  private let folder: TemporaryFolder
  private let store: MoodyStore

  init() throws {
    folder = try TemporaryFolder()
    store = MoodyStore(try SQLiteStore(path: folder.path("store")))
  }

  private func server(_ model: TestModel, at time: Int = 1_700_000_000) throws -> TestServer {
    try TestServer(model) {
      ($0.keyFile, $0.store, $0.unixTime) = (Self.keys, store, { time })
    }
  }

  private func ask(_ server: TestServer) async throws {
    let reply = try await server.post(
      "/v1/completions", #"{"prompt":"abcd","max_tokens":4,"ignore_eos":true,"seed":1}"#,
      headers: [.authorization: "Bearer key of alice"])
    #expect(reply.status == 200)
  }

  private func usage(_ server: TestServer) async throws -> JSONValue {
    try await server.send(.get, "/admin/usage", headers: [.authorization: "Bearer key of root"]).json
  }

  @Test func `are those of all servers of a store, and of their earlier runs`() async throws {
    let model = try await TestModel.quick()
    let first = try server(model)
    try await ask(first)
    var told = try await usage(first)
    #expect(told["kept"] == true && told["total"]?["requests"] == 1, "\(told)")
    let second = try server(model, at: 1_700_000_100)
    try await ask(second)
    told = try await usage(second)
    #expect(told["since"] == 1_700_000_000 && told["started"] == 1_700_000_100, "\(told)")
    #expect(told["keys"]?.elements?.count == 1 && told["keys"]?.elements?.first?["key"] == "alice")
    #expect(told["total"]?["requests"] == 2 && told["total"]?["completion_tokens"] == 8)
    #expect(told["total"]?["prompt_tokens"] == 10 && (told["total"]?["seconds"]?.value ?? 0) > 0)
    try await ask(first)
    #expect(try await usage(first)["total"]?["requests"] == 3)
    #expect(try await usage(second)["total"]?["requests"] == 3)
    #expect(try await usage(server(model))["total"] == usage(first)["total"])
  }

  @Test func `are written from time to time`() async throws {
    let model = try await TestModel.quick()
    let first = try server(model)
    try await ask(first)
    await first.keepUp()
    #expect(try await usage(server(model))["total"]?["requests"] == 1)
  }

  @Test func `count once, whatever a store that fails has done`() async throws {
    let model = try await TestModel.quick()
    let first = try server(model)
    for mood in [MoodyStore.Mood.fails, .forgetsToSay, .readsNothing] {
      store.mood.withLock { $0 = mood }
      try await ask(first)
      let told = try await usage(first)
      #expect(told["kept"] == false && told["keys"]?.elements?.count == 1, "\(told)")
    }
    #expect(try await usage(first)["total"]?["requests"] == 3)
    store.mood.withLock { $0 = .works }
    #expect(try await usage(first)["total"]?["requests"] == 3)
    let told = try await usage(server(model))
    #expect(told["total"]?["requests"] == 3 && told["kept"] == true, "\(told)")
  }

  @Test(arguments: [
    "", "x", #"{"since":1}"#, record(requests: "-1"), record(requests: "\(Int.max)"), record(seconds: "1e300"),
  ])
  func `that cannot be read are left as they are`(_ text: String) async throws {
    let key = DocumentKey(.usage, owner: "", id: "all")
    let damaged = Document(key, time: 1, body: Array(text.utf8))
    try await store.put(damaged)
    let server = try server(await TestModel.quick())
    try await ask(server)
    let told = try await usage(server)
    #expect(told["kept"] == false && told["total"]?["requests"] == 1)
    #expect(try await store.document(key) == damaged)
  }

  private static func record(requests: String = "1", seconds: String = "1") -> String {
    #"{"since":1,"writers":{},"entries":[{"requests":\#(requests),"refusals":0,"promptTokens":1,"#
      + #""cachedTokens":0,"completionTokens":1,"seconds":\#(seconds)}]}"#
  }

  @Test func `that can be read are gone on with`() async throws {
    let key = DocumentKey(.usage, owner: "", id: "all")
    try await store.put(Document(key, time: 1, body: Array(Self.record().utf8)))
    let server = try server(await TestModel.quick())
    try await ask(server)
    let told = try await usage(server)
    #expect(told["kept"] == true && told["total"]?["requests"] == 2 && told["since"] == 1, "\(told)")
    #expect(told["keys"]?.elements?.map { $0["key"] } == [.null, "alice"])
  }

  @Test func `live in memory without a store`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.keyFile = Self.keys }
    try await ask(server)
    let told = try await usage(server)
    #expect(told["kept"] == false && told["total"]?["requests"] == 1 && told["started"] == told["since"])
  }

  @Test func `stay when old documents go`() async throws {
    let (now, day) = (1_700_000_000, 86_400)
    for kind in [DocumentKind.conversation, .response, .session] {
      for age in [29, 31] {
        let key = DocumentKey(kind, owner: "alice", id: "\(age)")
        try await store.put(Document(key, time: (now - age * day) * 1000, body: [1]))
      }
    }
    let model = try await TestModel.quick()
    let first = try server(model, at: now - 400 * day)
    try await ask(first)
    await first.keepUp()
    try await server(model, at: now).keepUp()
    for (kind, left) in [(DocumentKind.conversation, ["29", "31"]), (.response, ["29"]), (.session, ["29"])] {
      #expect(try await store.list(kind, of: "alice", before: .max, limit: 9).map(\.id) == left)
    }
    #expect(try await usage(server(model, at: now))["total"]?["requests"] == 1)
  }
}

/// A store that does not always do what it is asked for, or say so.
private final class MoodyStore: DocumentStore {
  enum Mood {
    case works
    case fails
    /// It writes, and says that it did not.
    case forgetsToSay
    case readsNothing
  }

  let mood = Mutex(Mood.works)
  private let store: SQLiteStore

  init(_ store: SQLiteStore) { self.store = store }

  func put(_ document: Document) async throws(StoreError) { try await store.put(document) }

  func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool {
    let mood = mood.withLock { $0 }
    if mood == .fails { throw StoreError("the disk is full") }
    let isPut = try await store.update(key, change)
    if mood == .forgetsToSay { throw StoreError("nobody knows") }
    return isPut
  }

  func document(_ key: DocumentKey) async throws(StoreError) -> Document? {
    guard mood.withLock({ $0 == .works }) else { throw StoreError("the disk failed") }
    return try await store.document(key)
  }

  func drop(_ key: DocumentKey) async throws(StoreError) -> Bool { try await store.drop(key) }

  func drop(_ kind: DocumentKind, before time: Int) async throws(StoreError) {
    try await store.drop(kind, before: time)
  }

  func list(
    _ kind: DocumentKind, of owner: String, before time: Int, limit: Int
  ) async throws(StoreError) -> [DocumentSummary] {
    try await store.list(kind, of: owner, before: time, limit: limit)
  }
}
