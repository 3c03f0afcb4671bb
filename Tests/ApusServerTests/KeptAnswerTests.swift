internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import Synchronization
internal import Testing

/// Answers that a server keeps: `previous_response_id`, `/v1/responses/{id}` and `X-Session`.
struct KeptAnswerTests {
  private static let path = "/v1/responses"
  /// What the model says is given, so that nothing here depends on it.
  private static let options = #""guided_choice":["so it is"]"#

  private static func server(
    _ folder: borrowing TemporaryFolder, _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    let store = try SQLiteStore(path: folder.path("store"))
    return try TestServer(await TestModel.spacious()) {
      $0.store = store
      configure(&$0)
    }
  }

  private static func text(_ value: JSONValue?) -> String { if case .string(let text)? = value { text } else { "" } }

  private static func answer(_ reply: Reply) -> String {
    text(reply.json["output"]?.elements?.first?["content"]?.elements?.first?["text"])
  }

  private static func id(_ reply: Reply) -> String { text(reply.json["id"]) }

  // MARK: Responses

  @Test func `An answer is kept, given back as it was, and dropped`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let reply = try await server.post(Self.path, #"{"input":"hello",\#(Self.options)}"#)
    #expect(reply.status == 200 && reply.json["store"] == true, "\(reply.text)")
    let one = Self.path + "/" + Self.id(reply)
    #expect(try await server.send(.get, one).json == reply.json)
    let dropped = try await server.send(.delete, one)
    #expect(dropped.json == ["id": .string(Self.id(reply)), "object": "response", "deleted": true])
    for (method, path) in [(HTTPRequest.Method.get, one), (.delete, one), (.get, one + "/input_items")] {
      let reply = try await server.send(method, path)
      #expect(reply.status == 404 && reply.isAPIError, "\(reply.text)")
      #expect(reply.json["error"]?["type"] == "invalid_request_error")
    }
  }

  @Test func `An answer goes on from one that was kept, as if all of it had been sent`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let first = try await server.post(Self.path, #"{"instructions":"i","input":"hello",\#(Self.options)}"#)
    let previous = #""previous_response_id":"\#(Self.id(first))""#
    let second = try await server.post(Self.path, #"{\#(previous),"input":"more",\#(Self.options)}"#)
    #expect(second.status == 200, "\(second.text)")
    #expect(second.json["previous_response_id"] == first.json["id"])
    let said = JSONValue.array([
      ["role": "user", "content": "hello"], ["role": "assistant", "content": .string(Self.answer(first))],
      ["role": "user", "content": "more"],
    ])
    // Instructions are those of each request.
    let whole = try await server.post(
      Self.path, ["input": said, "guided_choice": ["so it is"], "store": false])
    #expect(Self.answer(second) == Self.answer(whole))
    #expect(second.json["usage"]?["input_tokens"] == whole.json["usage"]?["input_tokens"])
    // A third goes on from both.
    let third = try await server.post(
      Self.path, #"{"previous_response_id":"\#(Self.id(second))","input":"on",\#(Self.options)}"#)
    let items = Self.path + "/" + Self.id(third) + "/input_items"
    let list = try await server.send(.get, items + "?order=asc").json
    #expect(list["data"]?.elements?.map { $0["role"] } == ["user", "assistant", "user", "assistant", "user"])
    #expect(list["has_more"] == false)
  }

  @Test func `Items come in pages`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let input = (1...5).map { #"{"role":"user","content":"n\#($0)","id":"msg_\#($0)"}"# }.joined(separator: ",")
    let reply = try await server.post(Self.path, #"{"input":[\#(input)],\#(Self.options)}"#)
    let items = Self.path + "/" + Self.id(reply) + "/input_items"
    let last = try await server.send(.get, items + "?limit=2").json
    #expect(last["data"]?.elements?.map { $0["id"] } == ["msg_5", "msg_4"])
    #expect(last["first_id"] == "msg_5" && last["last_id"] == "msg_4" && last["has_more"] == true)
    let next = try await server.send(.get, items + "?limit=3&after=msg_4").json
    #expect(next["data"]?.elements?.map { $0["id"] } == ["msg_3", "msg_2", "msg_1"])
    #expect(next["has_more"] == false)
    for query in ["limit=0", "limit=x", "order=up", "after=msg_9"] {
      #expect(try await server.send(.get, items + "?" + query).status == 400)
    }
  }

  @Test func `What a stream tells at its end is what is kept`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let stream = try await server.post(Self.path, #"{"input":"hello","stream":true,\#(Self.options)}"#)
    let last = try #require(stream.events.last?["response"])
    #expect(last["store"] == true)
    #expect(try await server.send(.get, Self.path + "/" + Self.text(last["id"])).json == last)
  }

  @Test func `What is not to be kept is not`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let reply = try await server.post(Self.path, #"{"input":"hello","store":false,\#(Self.options)}"#)
    #expect(reply.json["store"] == false && reply.keptField == nil)
    #expect(try await server.send(.get, Self.path + "/" + Self.id(reply)).status == 404)
    let next = try await server.post(
      Self.path, #"{"previous_response_id":"\#(Self.id(reply))","input":"a","stream":true}"#)
    #expect(next.status == 400, "\(next.text)")
    #expect(next.json["error"]?["code"] == "previous_response_not_found")
    #expect(next.json["error"]?["param"] == "previous_response_id")
  }

  @Test func `Nobody goes on from another's answer`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder) { $0.apiKeys = ["key-of-ann-12345", "key-of-bob-12345"] }
    let (ann, bob): (HTTPFields, HTTPFields) = (
      [.authorization: "Bearer key-of-ann-12345"], [.authorization: "Bearer key-of-bob-12345"]
    )
    let reply = try await server.post(Self.path, #"{"input":"hello",\#(Self.options)}"#, headers: ann)
    let one = Self.path + "/" + Self.id(reply)
    #expect(try await server.send(.get, one, headers: ann).status == 200)
    #expect(try await server.send(.get, one, headers: bob).status == 404)
    #expect(try await server.send(.delete, one, headers: bob).status == 404)
    let next = #"{"previous_response_id":"\#(Self.id(reply))","input":"a",\#(Self.options)}"#
    #expect(try await server.post(Self.path, next, headers: bob).status == 400)
    #expect(try await server.post(Self.path, next, headers: ann).status == 200)
  }

  @Test func `Without a store nothing is kept, and an answer says so where it was asked to be`() async throws {
    let server = try TestServer(await TestModel.quick())
    let usual = try await server.post(Self.path, #"{"input":"hello",\#(Self.options)}"#)
    #expect(usual.json["store"] == false && usual.keptField == nil)
    let wanted = try await server.post(Self.path, #"{"input":"hello","store":true,\#(Self.options)}"#)
    #expect(wanted.status == 200 && wanted.json["store"] == false && wanted.keptField == "false")
    #expect(try await server.send(.get, Self.path + "/resp_1").status == 404)
    let next = try await server.post(Self.path, #"{"previous_response_id":"resp_1","input":"a"}"#)
    #expect(next.status == 400 && next.json["error"]?["code"] == "previous_response_not_found")
  }

  // MARK: A store that fails

  @Test(arguments: [false, true])
  func `An answer goes out where it cannot be kept, and says so`(_ isStreamed: Bool) async throws {
    let store = BrokenStore()
    let server = try TestServer(await TestModel.quick()) { $0.store = store }
    let reply = try await server.post(Self.path, #"{"input":"hello","stream":\#(isStreamed),\#(Self.options)}"#)
    #expect(reply.status == 200)
    let response = isStreamed ? reply.events.last?["response"] : reply.json
    #expect(response?["store"] == false && response?["status"] == "completed", "\(reply.text)")
    #expect(isStreamed || reply.keptField == "false")
    let chat = try await server.post(
      "/v1/chat/completions", Self.chat("hello", isStreamed: isStreamed), headers: Self.session("a"))
    #expect(chat.status == 503, "what was said before is not known")
    store.isReadable.withLock { $0 = true }
    let answered = try await server.post(
      "/v1/chat/completions", Self.chat("hello", isStreamed: isStreamed), headers: Self.session("a"))
    #expect(answered.status == 200, "\(answered.text)")
    #expect((isStreamed ? answered.events.last : answered.json)?["store"] == false, "\(answered.text)")
    #expect(isStreamed || answered.keptField == "false")
  }

  // MARK: X-Session

  private static func session(_ id: String) -> HTTPFields { HTTPField.Name("X-Session").map { [$0: id] } ?? [:] }

  private static func chat(_ content: String, isStreamed: Bool = false) -> String {
    #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"\#(content)"}],"#
      + #"\#(options),"stream":\#(isStreamed)}"#
  }

  @Test func `A path that goes on with no chat refuses to be told of one`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    for (path, body) in [
      ("/v1/completions", #"{"prompt":"a","max_tokens":1}"#),
      ("/v1/messages", #"{"messages":[{"role":"user","content":"a"}],"max_tokens":1}"#),
      ("/v1/responses", #"{"input":"a","max_output_tokens":1}"#),
    ] {
      #expect(try await server.post(path, body).status == 200)
      let reply = try await server.post(path, body, headers: Self.session("a"))
      #expect(reply.status == 400 && reply.text.contains("X-Session"), "\(reply.text)")
    }
  }

  @Test func `A chat goes on with what is new`() async throws {
    let folder = try TemporaryFolder()
    let (server, chats) = (try await Self.server(folder), "/v1/chat/completions")
    let first = try await server.post(chats, Self.chat("hello"), headers: Self.session("a"))
    #expect(first.status == 200 && first.json["store"] == nil, "\(first.text)")
    // The system's message comes again, and is said once.
    let stream = try await server.post(chats, Self.chat("more", isStreamed: true), headers: Self.session("a"))
    let streamed = stream.events.map { Self.text($0["choices"]?.elements?.first?["delta"]?["content"]) }.joined()
    let said = Self.text(first.json["choices"]?.elements?.first?["message"]?["content"])
    let whole = try await server.post(
      chats,
      [
        "messages": [
          ["role": "system", "content": "s"], ["role": "user", "content": "hello"],
          ["role": "assistant", "content": .string(said)], ["role": "user", "content": "more"],
        ], "guided_choice": ["so it is"],
      ])
    #expect(streamed == Self.text(whole.json["choices"]?.elements?.first?["message"]?["content"]))
    let kept = try await server.send(.get, "/apus/sessions/a").json["messages"]?.elements ?? []
    #expect(kept.map { $0["role"] } == ["system", "user", "assistant", "user", "assistant"])
    #expect(kept.last?["content"] == .string(streamed))
    #expect(try await server.send(.get, "/apus/sessions").json["sessions"]?.elements?.map { $0["id"] } == ["a"])
    #expect(try await server.send(.delete, "/apus/sessions/a").status == 204)
    #expect(try await server.send(.get, "/apus/sessions/a").status == 404)
  }

  @Test func `Turns at the same time are both kept`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    try await withThrowingTaskGroup(of: Int.self) { tasks in
      for number in 1...4 {
        tasks.addTask {
          try await server.post("/v1/chat/completions", Self.chat("n\(number)"), headers: Self.session("a")).status
        }
      }
      for try await status in tasks { #expect(status == 200) }
    }
    let kept = try await server.send(.get, "/apus/sessions/a").json["messages"]?.elements ?? []
    #expect(Set(kept.map { Self.text($0["content"]) }).isSuperset(of: ["n1", "n2", "n3", "n4"]))
  }

  @Test func `What cannot be a chat that is kept is refused`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let chats = "/v1/chat/completions"
    #expect(try await server.post(chats, Self.chat("a"), headers: Self.session("a b")).status == 400)
    let several = #"{"messages":[{"role":"user","content":"a"}],"n":2,"max_tokens":1}"#
    #expect(try await server.post(chats, several, headers: Self.session("a")).status == 400)
    let without = try TestServer(await TestModel.quick())
    #expect(try await without.post(chats, Self.chat("a"), headers: Self.session("a")).status == 503)
  }
}

extension Reply {
  /// Whether the answer says that it is not kept.
  fileprivate var keptField: String? { HTTPField.Name("X-Apus-Kept").flatMap { headers[$0] } }
}

/// A store that keeps nothing, as one whose disk is full.
private final class BrokenStore: DocumentStore {
  /// Whether it finds at least that there is nothing.
  let isReadable = Mutex(false)

  func put(_ document: Document) async throws(StoreError) { throw StoreError("the disk is full") }

  func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool { throw StoreError("the disk is full") }

  func document(_ key: DocumentKey) async throws(StoreError) -> Document? {
    guard isReadable.withLock({ $0 }) else { throw StoreError("the disk failed") }
    return nil
  }

  func drop(_ key: DocumentKey) async throws(StoreError) -> Bool { throw StoreError("the disk is full") }

  func drop(_ kind: DocumentKind, before time: Int) async throws(StoreError) { throw StoreError("the disk is full") }

  func list(
    _ kind: DocumentKind, of owner: String, before time: Int, limit: Int
  ) async throws(StoreError) -> [DocumentSummary] { throw StoreError("the disk failed") }
}
