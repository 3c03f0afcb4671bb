internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// `/admin/usage`: who has used what, and what it costs.
@Suite(.timeLimit(.minutes(2)))
struct AdminUsageTests {
  private static let path = "/v1/completions"
  private static let body = #"{"prompt":"abcd","max_tokens":4,"ignore_eos":true,"seed":1}"#

  private static let file = MemoryFile(
    ["alice", "bob models=other", "root admin"].map { line in
      let words = line.split(separator: " ")
      return "\(words[0]) \(KeyDigest(of: "key of \(words[0])").text) \(words.dropFirst().joined(separator: " "))"
    }.joined(separator: "\n"))

  private func key(_ name: String) -> HTTPFields { [.authorization: "Bearer key of \(name)"] }

  private func usage(_ server: TestServer) async throws -> JSONValue {
    try await server.send(.get, "/admin/usage", headers: key("root")).json
  }

  private func account(_ usage: JSONValue, _ key: String) throws -> JSONValue {
    try #require(usage["keys"]?.elements?.first { $0["key"] == .string(key) })
  }

  @Test func `Each key has its requests, refusals, tokens and time`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "tiny") { $0.keyFile = Self.file }
    for isStreamed in [false, true] {
      let body = Self.body.dropLast() + #","stream":\#(isStreamed)}"#
      #expect(try await server.post(Self.path, String(body), headers: key("alice")).status == 200)
    }
    #expect(try await server.post(Self.path, #"{"prompt":5}"#, headers: key("alice")).status == 400)
    #expect(try await server.post(Self.path, Self.body, headers: key("bob")).status == 404)
    #expect(try await server.post(Self.path, Self.body, headers: key("stranger")).status == 401)
    let usage = try await usage(server)
    let alice = try account(usage, "alice")
    #expect(alice["requests"] == 3 && alice["refusals"] == 1)
    #expect(alice["prompt_tokens"] == 10 && alice["completion_tokens"] == 8)
    #expect((alice["seconds"]?.value ?? 0) > 0 && alice["dollars"] == .null)
    let bob = try account(usage, "bob")
    #expect(bob["requests"] == 1 && bob["refusals"] == 1 && bob["prompt_tokens"] == 0 && bob["seconds"] == 0)
    #expect(usage["total"]?["requests"] == 4 && usage["total"]?["completion_tokens"] == 8)
    #expect(usage["keys"]?.elements?.count == 2 && usage["cost"] == .null && usage["since"] == 1_700_000_000)
  }

  @Test func `A prompt counts once for several completions, and what was cached is told`() async throws {
    let server = try TestServer(await TestModel.quick(parallel: 4)) { $0.keyFile = Self.file }
    let long = String(repeating: "abcdefgh", count: 12)
    let body = #"{"prompt":"\#(long)","max_tokens":2,"ignore_eos":true,"n":2}"#
    for _ in 0..<2 { #expect(try await server.post(Self.path, body, headers: key("alice")).status == 200) }
    let alice = try account(await usage(server), "alice")
    #expect(alice["prompt_tokens"] == 194 && alice["completion_tokens"] == 8)
    let cached = try #require(alice["cached_prompt_tokens"]?.value)
    #expect((1...194).contains(cached))
  }

  @Test func `Tokens of vectors are counted`() async throws {
    let server = try TestServer(await TestModel.embedding()) { $0.keyFile = Self.file }
    let reply = try await server.post("/v1/embeddings", #"{"input":["abc","d"]}"#, headers: key("alice"))
    let tokens = try #require(reply.json["usage"]?["prompt_tokens"]?.value)
    let alice = try account(await usage(server), "alice")
    #expect(alice["prompt_tokens"]?.value == tokens && (alice["seconds"]?.value ?? 0) > 0)
  }

  @Test func `Only an admin's key opens it`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      $0.keyFile = Self.file
      $0.apiKeys = ["plain"]
    }
    let plain = try await server.send(.get, "/admin/usage", headers: [.authorization: "Bearer plain"])
    #expect(plain.status == 403 && plain.json["error"]?["code"] == "admin_needed")
    #expect(try await server.send(.get, "/admin/usage", headers: key("alice")).status == 403)
    #expect(try await server.send(.get, "/admin/usage").status == 401)
    #expect(try await server.send(.get, "/admin/usage", headers: key("root")).status == 200)
  }

  @Test func `Without keys it answers to the machine itself alone`() async throws {
    // These requests come from no address.
    let server = try TestServer(await TestModel.quick())
    #expect(try await server.send(.get, "/admin/usage").status == 403)
    try await LiveServer.run(await TestModel.quick()) { server in
      let answer = try await server.exchange("GET /admin/usage HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
    }
  }

  @Test func `The price of a million tokens is told for all time and for busy time`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      $0.keyFile = Self.file
      $0.instancePrice = 0.36
    }
    let before = try await usage(server)["cost"]
    #expect(before?["dollars_per_million_tokens"]?["all"] == .null && before?["dollars_per_hour"]?.value == 0.36)
    #expect(try await server.post(Self.path, Self.body, headers: key("alice")).status == 200)
    for _ in 0..<200 where server.model.engine.health.running != 0 { try await Task.sleep(for: .milliseconds(10)) }
    await server.model.drain()
    let usage = try await usage(server)
    let cost = try #require(usage["cost"])
    #expect(cost["prompt_tokens"] == 5 && cost["completion_tokens"] == 4)
    for share in ["all", "busy"] {
      let seconds = try #require(cost["seconds"]?[share]?.value)
      let dollars = try #require(cost["dollars"]?[share]?.value)
      #expect(seconds > 0 && abs(dollars / (seconds * 0.0001) - 1) < 1e-9)
      let each = try #require(cost["dollars_per_million_tokens"]?[share]?.value)
      let produced = try #require(cost["dollars_per_million_completion_tokens"]?[share]?.value)
      #expect(abs(each / (dollars * 1e6 / 9) - 1) < 1e-9 && abs(produced / (dollars * 1e6 / 4) - 1) < 1e-9)
    }
    // Alice alone had the engine compute.
    let alice = try account(usage, "alice")
    #expect(alice["dollars"]?.value == cost["dollars"]?["busy"]?.value)
    let page = try await server.send(.get, "/metrics", headers: key("root")).text
    #expect(page.contains("\napus_instance_dollars_per_hour 0.36\n"))
    #expect(page.contains("\napus_cost_per_million_tokens{time=\"busy\"} "))
    let common = try await server.send(.get, "/metrics", headers: key("alice")).text
    #expect(!common.contains("apus_cost") && !common.contains("dollars"))
  }

  @Test(arguments: [-1, Double.nan, .infinity])
  func `A price that makes no sense is refused at start`(_ price: Double) async throws {
    let model = try await TestModel.quick()
    #expect(throws: ServerError.self) { try TestServer(model) { $0.instancePrice = price } }
  }

  @Test func `A key is told of its own models only, and an operator of all`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "tiny") { $0.keyFile = Self.file }
    #expect(try await server.post(Self.path, Self.body, headers: key("alice")).status == 200)
    for (name, isTold) in [("alice", true), ("bob", false), ("root", true)] {
      let status = try await server.send(.get, "/apus/status", headers: key(name)).json
      #expect(status["models"]?.elements?.count == (isTold ? 1 : 0))
      let page = try await server.send(.get, "/metrics", headers: key(name)).text
      #expect(page.contains("apus_completions_total{model=\"tiny\"") == isTold)
      #expect(page.contains("vllm:request_success_total{") == isTold)
      #expect(page.contains("llamacpp:n_decode_total 0\n") == !isTold)
    }
  }
}
