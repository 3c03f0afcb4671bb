internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import HTTPTypes
internal import Testing

/// Who finds what is kept of a prompt.
@Suite(.timeLimit(.minutes(2)))
struct CacheScopeTests {
  /// A request to each kind of path whose prompts are kept.
  private static let requests: [String: String] = [
    "/v1/completions": #"{"prompt":"abcdefgh","max_tokens":1}"#,
    "/v1/chat/completions": #"{"messages":[{"role":"user","content":"abcdefgh"}],"max_tokens":1}"#,
    "/v1/messages": #"{"messages":[{"role":"user","content":"abcdefgh"}],"max_tokens":1}"#,
    "/v1/responses": #"{"input":"abcdefgh","max_output_tokens":1}"#,
    "/completion": #"{"prompt":"abcdefgh","n_predict":1}"#,
    "/generate": #"{"inputs":"abcdefgh","parameters":{"max_new_tokens":1}}"#,
    "/api/generate": #"{"prompt":"abcdefgh","stream":false,"options":{"num_predict":1}}"#,
    "/api/chat":
      #"{"messages":[{"role":"user","content":"abcdefgh"}],"stream":false,"options":{"num_predict":1}}"#,
    "/model/NAME/converse":
      #"{"messages":[{"role":"user","content":[{"text":"abcdefgh"}]}],"inferenceConfig":{"maxTokens":1}}"#,
    "/model/meta.NAME/invoke": #"{"prompt":"abcdefgh","max_gen_len":1}"#,
    "/v1/embeddings": #"{"input":"abcdefgh","pooling":"last"}"#,
    "/embedding": #"{"content":"abcdefgh","pooling":"last"}"#,
    "/api/embed": #"{"input":"abcdefgh","options":{"pooling":"last"}}"#,
  ]

  private static func key(_ key: String) -> HTTPFields { [.authorization: "Bearer \(key)"] }

  @Test(arguments: requests.keys.sorted())
  func `What one key has sent another does not find`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["one", "two"] }
    let body = try #require(Self.requests[path])
    func cached(_ key: String) async throws -> Int {
      let reply = try await server.post(path, body, headers: Self.key(key))
      #expect(reply.status == 200, "\(reply.text)")
      return server.model.engine.metrics.cachedTokens
    }
    #expect(try await cached("one") == 0)
    #expect(try await cached("two") == 0)
    #expect(try await cached("one") > 0)
  }

  @Test(arguments: [false, true])
  func `Without keys, and where the operator wants it, all share`(_ hasKeys: Bool) async throws {
    let server = try TestServer(await TestModel.quick()) {
      ($0.apiKeys, $0.sharesPrompts) = (hasKeys ? ["one", "two"] : [], hasKeys)
    }
    #expect(try await cached(server, "", hasKeys ? Self.key("one") : [:]) == 0)
    #expect(try await cached(server, "", hasKeys ? Self.key("two") : [:]) == 8)
    // Who wants to be apart still is.
    #expect(try await cached(server, #","cache_salt":"a""#, hasKeys ? Self.key("two") : [:]) == 0)
  }

  /// The cached tokens of a prompt of nine, one of them the beginning of text, with more fields.
  private func cached(_ server: TestServer, _ fields: String, _ headers: HTTPFields = [:]) async throws -> Int? {
    let body = #"{"prompt":"abcdefgh","max_tokens":1\#(fields)}"#
    let reply = try await server.post("/v1/completions", body, headers: headers)
    #expect(reply.status == 200, "\(reply.text)")
    guard case .int(let count)? = reply.json["usage"]?["prompt_tokens_details"]?["cached_tokens"] else { return nil }
    return count
  }

  @Test func `A client tells its own users apart by cache_salt`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["one", "two"] }
    let salts = ["", #","cache_salt":"a""#, #","cache_salt":"b""#, #","extra_body":{"cache_salt":"c"}"#]
    for (salt, key) in salts.flatMap({ salt in [(salt, "one"), (salt, "two")] }) {
      #expect(try await cached(server, salt, Self.key(key)) == 0, "\(salt) \(key)")
      #expect(try await cached(server, salt, Self.key(key)) == 8, "\(salt) \(key)")
    }
    let open = try TestServer(await TestModel.quick())
    for salt in salts {
      #expect(try await cached(open, salt) == 0, "\(salt)")
      #expect(try await cached(open, salt) == 8, "\(salt)")
    }
  }

  @Test(arguments: ["/v1/completions", "/v1/chat/completions", "/v1/embeddings"])
  func `A salt that is none is refused`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let body = try #require(Self.requests[path]).dropLast()
    for salt in ["\"\"", "1", "true", "[]", "{}", "\"" + String(repeating: "a", count: 257) + "\""] {
      let reply = try await server.post(path, body + #","cache_salt":\#(salt)}"#)
      #expect(reply.status == 400 && reply.isAPIError && reply.text.contains("cache_salt"), "\(salt): \(reply.text)")
    }
    for salt in ["null", "\"" + String(repeating: "a", count: 256) + "\""] {
      let reply = try await server.post(path, body + #","cache_salt":\#(salt)}"#)
      #expect(reply.status == 200 && reply.ignoredFields == nil, "\(salt): \(reply.text)")
    }
  }

  @Test func `Kept completions are found with their own salt only`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      $0.cache = MemoryCache(byteLimit: 1 << 20, age: .seconds(3600))
    }
    func outcome(_ salt: String) async throws -> String? {
      let body = #"{"prompt":"abcdefgh","max_tokens":1,"temperature":0\#(salt)}"#
      let reply = try await server.post("/v1/completions", body)
      return HTTPField.Name("X-Apus-Cache").flatMap { reply.headers[$0] }
    }
    for salt in ["", #","cache_salt":"a""#, #","cache_salt":"b""#] {
      #expect(try await outcome(salt) == "miss", "\(salt)")
      #expect(try await outcome(salt) == "hit", "\(salt)")
    }
  }
}
