internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import Synchronization
internal import Testing

/// The cache of completions: what is found there is the same answer, and nobody else's.
@Suite(.timeLimit(.minutes(2)))
struct ResponseCacheTests {
  private static let path = "/v1/completions"
  private static let greedy = #""prompt":"the","max_tokens":8,"temperature":0"#

  private static func memory() -> MemoryCache { MemoryCache(byteLimit: 1 << 20, age: .seconds(3600)) }

  private static func server(
    _ cache: any ResponseCache = memory(), _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    try TestServer(await TestModel.spacious(), name: "tiny") {
      $0.cache = cache
      // A whole answer that shows signs of life has sent its header before it is known.
      $0.timeouts.heartbeat = .seconds(3600)
      configure(&$0)
    }
  }

  /// Requests that the engine has completed, once all have ended.
  private static func completed(_ server: TestServer) async throws -> Int {
    let engine = server.model.engine
    for _ in 0..<200 where engine.health.running != 0 { try await Task.sleep(for: .milliseconds(10)) }
    await server.model.drain()
    return engine.metrics.completedRequests
  }

  // MARK: The same answer

  private static let chat = #""messages":[{"role":"user","content":"hello"}]"#
  private static let call =
    #""guided_choice":["<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"],"#
    + #""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#

  /// Paths, bodies without their end, and how many completions they ask for.
  private static let requests: [(path: String, body: String, completions: Int)] = [
    (path, greedy, 1), (path, #""prompt":"the","max_tokens":12,"temperature":0,"logprobs":2"#, 1),
    (path, #""prompt":["the","and"],"n":2,"max_tokens":6,"seed":4,"echo":true"#, 4),
    (path, #""prompt":"the","max_tokens":30,"seed":3,"ignore_eos":true,"stop":["e","a","t"]"#, 1),
    ("/v1/chat/completions", #"\#(chat),"max_tokens":12,"seed":7,"logprobs":true,"top_logprobs":2"#, 1),
    ("/v1/chat/completions", #"\#(chat),"temperature":0,\#(call)"#, 1),
    ("/v1/messages", #"\#(chat),"max_tokens":12,"temperature":0"#, 1),
    ("/v1/responses", #""input":"hello","max_output_tokens":12,"temperature":0"#, 1),
    ("/completion", #""prompt":"the","n_predict":12,"temperature":0,"n_probs":2"#, 1),
    ("/api/generate", #""model":"m","prompt":"the","options":{"num_predict":12,"temperature":0}"#, 1),
    ("/api/chat", #""model":"m",\#(chat),"options":{"num_predict":12,"seed":5}"#, 1),
  ]

  @Test(arguments: requests.indices, [false, true])
  func `What is asked for twice is computed once, and is the same but for ids and times`(
    _ number: Int, _ isStreamed: Bool
  ) async throws {
    let (path, body, completions) = Self.requests[number]
    let server = try await Self.server()
    let text = #"{\#(body),"stream":\#(isStreamed)}"#
    let (first, second) = (try await server.post(path, text), try await server.post(path, text))
    #expect(first.status == 200 && first.cacheField == "miss", "\(first.text)")
    #expect(second.status == 200 && second.cacheField == "hit", "\(second.text)")
    #expect(first.said == second.said)
    #expect(!first.said.isEmpty && first.headers[.contentType] == second.headers[.contentType])
    #expect(try await Self.completed(server) == completions)
  }

  @Test(arguments: [
    #""prompt":"the","max_tokens":0,"echo":true,"logprobs":1"#,
    #""prompt":"the","max_tokens":4,"temperature":0,"echo":true,"logprobs":2,"n":2"#,
    #""prompt":"the","max_tokens":5,"temperature":0,"prompt_logprobs":1"#,
    #""prompt":"the","max_tokens":5,"seed":1,"n":2,"best_of":3"#,
  ])
  func `Scores of prompts and the best of several are cached, too`(_ body: String) async throws {
    let server = try await Self.server()
    let (first, second) = (
      try await server.post(Self.path, "{\(body)}"), try await server.post(Self.path, "{\(body)}")
    )
    #expect(first.status == 200 && first.cacheField == "miss", "\(first.text)")
    #expect(second.cacheField == "hit" && first.said == second.said)
  }

  @Test func `Bedrock's answers are cached, too`() async throws {
    let server = try await Self.server()
    let model = "/model/us.anthropic.claude-3-haiku-20240307-v1%3A0/"
    let body: JSONValue = [
      "messages": [["role": "user", "content": [["text": "hello"]]]],
      "inferenceConfig": ["maxTokens": 12, "temperature": 0],
    ]
    let first = try await server.post(model + "converse", body)
    let second = try await server.post(model + "converse", body)
    #expect(first.cacheField == "miss" && second.cacheField == "hit")
    #expect(first.json == second.json)
    // Whole and streamed answers are the same completion.
    let stream = try await server.post(model + "converse-stream", body)
    #expect(stream.cacheField == "hit")
    let text = stream.messages.compactMap { $0.json["delta"]?["text"]?.string }.joined()
    #expect(.string(text) == first.json["output"]?["message"]?["content"]?.elements?.first?["text"] ?? .string(""))
    #expect(try await Self.completed(server) == 1)
  }

  @Test func `Choices that were computed before are not computed again`() async throws {
    let server = try await Self.server()
    let seeded = #""prompt":"the","max_tokens":8,"seed":4,"ignore_eos":true"#
    let one = try await server.post(Self.path, "{\(seeded)}")
    let three = try await server.post(Self.path, "{\(seeded),\"n\":3}")
    #expect(one.cacheField == "miss" && three.cacheField == "miss")
    #expect(three.texts.first == one.texts.first && three.texts.count == 3)
    let again = try await server.post(Self.path, "{\(seeded),\"n\":3}")
    #expect(again.cacheField == "hit" && again.texts == three.texts)
    #expect(try await Self.completed(server) == 3)
  }

  @Test func `An answer from the cache is kept as any other`() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.path("store"))
    let server = try await Self.server { $0.store = store }
    let body = #"{"input":"hello","max_output_tokens":8,"temperature":0}"#
    var ids: Set<String> = []
    for expected in ["miss", "hit"] {
      let reply = try await server.post("/v1/responses", body)
      #expect(reply.cacheField == expected && reply.json["store"] == true)
      let id = try #require(reply.json["id"]?.string)
      #expect(try await server.send(.get, "/v1/responses/" + id).json == reply.json)
      ids.insert(id)
    }
    #expect(ids.count == 2)
  }

  // MARK: Another answer

  @Test func `What differs in anything is computed`() async throws {
    let server = try await Self.server()
    let base = try await server.post(Self.path, "{\(Self.greedy)}")
    #expect(base.cacheField == "miss")
    for more in [
      #""seed":1"#, #""seed":2"#, #""max_tokens":9"#, #""prompt":"and""#, #""stop":["x"]"#, #""logprobs":1"#,
      #""logprobs":2"#, #""frequency_penalty":0.5"#, #""logit_bias":{"70":1}"#, #""min_tokens":2"#,
      #""allowed_token_ids":[70,71]"#, #""bad_words":["e"]"#, #""ignore_eos":true"#, #""guided_choice":["a"]"#,
      #""guided_choice":["b"]"#, #""echo":true,"logprobs":0"#, #""temperature":0.5,"seed":1"#,
    ] {
      // The last of two equal members counts.
      let reply = try await server.post(Self.path, "{\(Self.greedy),\(more)}")
      #expect(reply.cacheField == "miss", "\(more): \(reply.text)")
    }
    #expect(try await server.post(Self.path, "{\(Self.greedy)}").cacheField == "hit")
  }

  @Test func `What only says how the answer is computed or told makes no difference`() async throws {
    let server = try await Self.server()
    let base = try await server.post(Self.path, "{\(Self.greedy)}")
    for more in [#""stream":true"#, #""cache_prompt":false"#, #""user":"x""#, #""echo":true"#, #""model":"tiny""#] {
      #expect(try await server.post(Self.path, "{\(Self.greedy),\(more)}").cacheField == "hit", "\(more)")
    }
    #expect(base.cacheField == "miss")
  }

  @Test func `Adapters have their own answers`() async throws {
    let server = try TestServer(await TestModel.adapted("poet", "clerk")) {
      $0.cache = Self.memory()
      $0.timeouts.heartbeat = .seconds(3600)
    }
    for expected in ["miss", "hit"] {
      var texts: Set<String> = []
      for more in [
        "", #","model":"poet""#, #","model":"clerk""#, #","lora":[{"id":0,"scale":0.5}]"#,
        #","lora":[{"id":0,"scale":0.5},{"id":1,"scale":1}]"#,
      ] {
        let reply = try await server.post(
          Self.path, #"{"prompt":"the","max_tokens":20,"temperature":0,"ignore_eos":true\#(more)}"#)
        #expect(reply.cacheField == expected, "\(more)")
        texts.formUnion(reply.texts)
      }
      #expect(texts.count > 2)
    }
  }

  @Test func `Nobody is told what others have asked`() async throws {
    let server = try await Self.server { $0.apiKeys = ["key-of-ann-12345", "key-of-bob-12345"] }
    for (key, expected) in [("ann", "miss"), ("ann", "hit"), ("bob", "miss"), ("bob", "hit"), ("ann", "hit")] {
      let reply = try await server.post(
        Self.path, "{\(Self.greedy)}", headers: [.authorization: "Bearer key-of-\(key)-12345"])
      #expect(reply.status == 200 && reply.cacheField == expected, "\(key)")
    }
  }

  // MARK: What is not cached

  @Test func `What is left to chance is not cached`() async throws {
    let cache = Self.memory()
    let server = try await Self.server(cache)
    for more in ["", #","temperature":1"#, #","seed":-1"#, #","top_p":0.5"#, #","stream":true"#] {
      let reply = try await server.post(Self.path, #"{"prompt":"the","max_tokens":4\#(more)}"#)
      #expect(reply.status == 200 && reply.cacheField == nil, "\(reply.text)")
    }
    #expect(cache.byteCount == 0)
    #expect(try await Self.completed(server) == 5)
  }

  @Test func `A client may want a new answer, or none that is kept`() async throws {
    let cache = Self.memory()
    let server = try await Self.server(cache)
    func ask(_ control: String) async throws -> String? {
      try await server.post(Self.path, "{\(Self.greedy)}", headers: [.cacheControl: control]).cacheField
    }
    for control in ["no-store", "max-age=0, No-Store"] { #expect(try await ask(control) == nil) }
    #expect(cache.byteCount == 0)
    for control in ["no-cache", "No-Cache , private", "max-age=0"] { #expect(try await ask(control) == "miss") }
    #expect(try await ask("max-age=60") == "hit")
    #expect(try await Self.completed(server) == 5)
  }

  @Test func `Without a cache there is no field`() async throws {
    let server = try TestServer(await TestModel.quick())
    #expect(try await server.post(Self.path, "{\(Self.greedy)}").cacheField == nil)
  }

  @Test(arguments: [false, true])
  func `An answer whose client leaves is not kept`(_ isStreamed: Bool) async throws {
    let (model, cache) = (try await TestModel.slow(), Self.memory())
    try await LiveServer.run(model) {
      $0.cache = cache
    } _: { server in
      let body = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"seed":1,"stream":\#(isStreamed)}"#
      try await server.connect { connection in
        try await connection.send(
          "POST \(Self.path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        while model.model.engine.health.running == 0 { try await Task.sleep(for: .milliseconds(2)) }
      }
      while model.model.engine.health.running > 0 { try await Task.sleep(for: .milliseconds(2)) }
      await model.model.drain()
      #expect(model.model.engine.metrics.cancelledRequests == 1 && cache.byteCount == 0)
    }
  }

  @Test func `An answer that is too long for the cache says that it is not kept`() async throws {
    let server = try await Self.server(MemoryCache(byteLimit: 300, age: .seconds(60)))
    for _ in 0..<2 {
      let reply = try await server.post(
        Self.path, #"{"prompt":"the","max_tokens":60,"temperature":0,"ignore_eos":true}"#)
      #expect(reply.status == 200 && reply.cacheField == "not-kept")
    }
  }

  // MARK: A cache that does not work

  @Test(arguments: [false, true])
  func `An answer goes out where the cache does not work, and says that it is not kept`(
    _ isStreamed: Bool
  ) async throws {
    let cache = OddCache()
    let server = try await Self.server(cache)
    let body = #"{\#(Self.greedy),"stream":\#(isStreamed)}"#
    func ask() async throws -> String? {
      let reply = try await server.post(Self.path, body)
      #expect(reply.status == 200 && !reply.said.isEmpty)
      return reply.cacheField
    }
    cache.mood = .broken
    for _ in 0..<2 { #expect(try await ask() == "not-kept") }
    #expect(cache.keeps == 0, "a cache that does not answer is asked once")
    cache.mood = .full
    // The header of a stream is gone by then.
    #expect(try await ask() == (isStreamed ? "miss" : "not-kept"))
    cache.mood = .sound
    for expected in ["miss", "hit"] { #expect(try await ask() == expected) }
    let page = try await server.send(.get, "/metrics").text
    for line in [
      "apus_cache_errors_total 3", #"apus_cache_hits_total{model="tiny"} 1"#,
      #"apus_cache_misses_total{model="tiny"} 4"#, "apus_cache_bytes 7",
    ] { #expect(page.contains(line + "\n"), "\(line)") }
    #expect(try await Self.completed(server) == 4)
  }

  @Test(arguments: [[], [1], [UInt8](repeating: 0xFF, count: 500), Array("apus".utf8)])
  func `What is no completion is computed, and replaced`(_ bytes: [UInt8]) async throws {
    let cache = OddCache()
    cache.mood = .lying(bytes)
    let server = try await Self.server(cache)
    let first = try await server.post(Self.path, "{\(Self.greedy)}")
    #expect(first.status == 200 && first.cacheField == "miss")
    cache.mood = .sound
    let second = try await server.post(Self.path, "{\(Self.greedy)}")
    #expect(second.cacheField == "hit" && second.texts == first.texts)
  }

  // MARK: What is counted

  @Test func `Tokens of an answer from the cache count, its time does not`() async throws {
    let file = MemoryFile(
      "ann \(KeyDigest(of: "key of ann").text)\nroot \(KeyDigest(of: "key of root").text) admin")
    let server = try await Self.server { $0.keyFile = file }
    var (seconds, prompts): ([Double], [Double]) = ([], [])
    for times in 1...2 {
      _ = try await server.post(Self.path, "{\(Self.greedy)}", headers: [.authorization: "Bearer key of ann"])
      let usage = try await server.send(.get, "/admin/usage", headers: [.authorization: "Bearer key of root"]).json
      let account = try #require(usage["keys"]?.elements?.first { $0["key"] == "ann" })
      #expect(account["requests"] == .int(times))
      seconds.append(account["seconds"]?.value ?? -1)
      prompts.append(account["prompt_tokens"]?.value ?? -1)
    }
    #expect(seconds[0] > 0 && seconds[1] == seconds[0])
    #expect(prompts[0] > 0 && prompts[1] == 2 * prompts[0])
  }
}

extension Reply {
  /// What the answer says of the cache.
  fileprivate var cacheField: String? { HTTPField.Name("X-Apus-Cache").flatMap { headers[$0] } }

  /// All values of the answer, whole or streamed, without what each answer has of its own.
  fileprivate var said: [JSONValue] {
    let own: Set = [
      "id", "item_id", "call_id", "created_at", "completed_at", "total_duration", "load_duration",
    ]
    let values = json != .null ? [json] : events.isEmpty ? lines : events
    // Several choices take turns, whose order is left to chance.
    func choice(_ value: JSONValue) -> Int { value["choices"]?.elements?.first?["index"]?.whole ?? .max }
    return values.enumerated().sorted { (choice($0.element), $0.offset) < (choice($1.element), $1.offset) }
      .map { $0.element.without(own) }
  }
}

extension JSONValue {
  /// The same without the members of these names, wherever they stand.
  fileprivate func without(_ names: Set<String>) -> JSONValue {
    switch self {
    case .array(let values): return .array(values.map { $0.without(names) })
    case .object(let object):
      let members = zip(object.keys, object.values).filter { !names.contains($0.0) }
      return .object(JSONObject(members.map { ($0.0, $0.1.without(names)) }))
    default: return self
    }
  }
}

/// A cache that works as a test wants it.
private final class OddCache: ResponseCache {
  enum Mood: Sendable {
    case sound
    /// It does not answer.
    case broken
    /// It keeps nothing more.
    case full
    /// It has this, whatever it is asked for.
    case lying([UInt8])
  }

  private let state = Mutex((mood: Mood.sound, values: [CacheKey: [UInt8]](), keeps: 0))

  var mood: Mood {
    get { state.withLock { $0.mood } }
    set { state.withLock { $0.mood = newValue } }
  }

  /// How often something was to be kept.
  var keeps: Int { state.withLock { $0.keeps } }

  var valueByteLimit: Int { 1 << 20 }
  var byteCount: Int { 7 }

  func value(_ key: CacheKey) async throws(StoreError) -> [UInt8]? {
    let (mood, value) = state.withLock { ($0.mood, $0.values[key]) }
    switch mood {
    case .sound, .full: return value
    case .broken: throw StoreError("the Redis server cannot be reached")
    case .lying(let bytes): return bytes
    }
  }

  func keep(_ value: [UInt8], under key: CacheKey) async throws(StoreError) {
    let isKept = state.withLock { state in
      state.keeps += 1
      switch state.mood {
      case .sound, .lying: state.values[key] = value
      case .broken, .full: return false
      }
      return true
    }
    guard isKept else { throw StoreError("the Redis server has no memory left") }
  }
}
