internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// Names of models beside their own: aliases, and names that several share.
@Suite(.timeLimit(.minutes(2))) struct `Names of models` {
  private static let path = "/v1/completions"

  private func body(_ model: String) -> String {
    #"{"model":"\#(model)","prompt":"Once","max_tokens":4,"temperature":0,"ignore_eos":true}"#
  }

  private func server(
    _ files: ModelFiles, _ configure: (inout ServerConfiguration) -> Void
  ) throws -> TestServer {
    try TestServer(ModelPool(["a", "b"].map(files.source))) { configure(&$0) }
  }

  private func header(_ name: String, _ reply: Reply) -> String? { HTTPField.Name(name).flatMap { reply.headers[$0] } }

  @Test func `are read from their texts`() {
    #expect(ModelAlias("anthropic.*=a=b") == ModelAlias(pattern: "anthropic.*", name: "a=b"))
    #expect(ModelVariant("chat=m:latest:3") == ModelVariant(name: "chat", model: "m:latest", weight: 3))
    for text in ["", "a", "=a", "a="] { #expect(ModelAlias(text) == nil) }
    for text in ["a=b", "a=b:", "a=:3", "a=b:0", "a=b:-1", "a=b:1000001", "a=b:x", "=b:1", "b:1"] {
      #expect(ModelVariant(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [(["x=nothing"], []), ([], ["chat=nothing:1"]), ([], ["a=b:1"])] as [([String], [String])])
  func `that mean nothing are refused before any model is loaded`(_ aliases: [String], _ variants: [String]) throws {
    let files = try ModelFiles(["a", "b"])
    let pool = ModelPool(["a", "b"].map(files.source))
    var configuration = ServerConfiguration()
    configuration.aliases = aliases.compactMap { ModelAlias($0) }
    configuration.variants = variants.compactMap { ModelVariant($0) }
    #expect(throws: ServerError.self) { try Server.checkNames(of: pool, configuration) }
    #expect(pool.loadedModels.isEmpty)
    try Server.checkNames(of: pool, ServerConfiguration())
  }

  @Test func `may be aliases, of which the first that fits counts, behind names of their own`() async throws {
    let files = try ModelFiles(["a", "b"])
    let server = try server(files) {
      $0.aliases = ["gpt-4=a", "anthropic.claude-*=b", "*claude*=a", "b=a"].compactMap(ModelAlias.init)
    }
    for (name, model) in [
      ("gpt-4", "a"), ("gpt-4:latest", "a"), ("anthropic.claude-v2:1", "b"), ("claude", "a"), ("b", "b"),
    ] {
      let reply = try await server.post(Self.path, body(name))
      let own = try await server.post(Self.path, body(model))
      #expect(reply.json["model"] == .string(name) && reply.json["choices"] == own.json["choices"], "\(name)")
      #expect(header("X-Apus-Variant", reply) == nil)
    }
    #expect(try await server.post(Self.path, body("gpt-5")).status == 404)
    let converse = try await server.post(
      "/model/us.anthropic.claude-3/converse", #"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#)
    #expect(converse.status == 200, "\(converse.text)")
    let listed = try await server.send(.get, "/v1/models").json["data"]?.elements?.compactMap { $0["id"]?.text }
    #expect(listed == ["a", "b", "gpt-4"])
  }

  @Test func `that several models share are answered by one of them, and the answer says by which`() async throws {
    let files = try ModelFiles(["a", "b"])
    let server = try server(files) { $0.variants = ["chat=a:1", "chat=b:3"].compactMap(ModelVariant.init) }
    var seen: Set<String> = []
    for _ in 0..<60 {
      let reply = try await server.post(Self.path, body("chat"))
      let variant = try #require(header("X-Apus-Variant", reply))
      seen.insert(variant)
      #expect(reply.json["model"] == "chat")
    }
    #expect(seen == ["a", "b"])
    let field = try #require(HTTPField.Name("X-Apus-Variant"))
    for name in ["a", "b"] {
      let reply = try await server.post(Self.path, body("chat"), headers: [field: name])
      let own = try await server.post(Self.path, body(name))
      #expect(header("X-Apus-Variant", reply) == name && reply.json["choices"] == own.json["choices"])
    }
    #expect(try await server.post(Self.path, body("chat"), headers: [field: "c"]).status == 404)
    let page = try await server.send(.get, "/metrics").text
    #expect(page.contains(#"apus_variant_requests_total{name="chat",variant="a"}"#), "\(page)")
  }

  @Test func `that models share are SageMaker's production variants`() async throws {
    let files = try ModelFiles(["a", "b"])
    let server = try server(files) { $0.variants = ["chat=a:1", "chat=b:1"].compactMap(ModelVariant.init) }
    let target = try #require(HTTPField.Name("X-Amzn-SageMaker-Target-Variant"))
    let path = "/endpoints/chat/invocations"
    for name in ["a", "b"] {
      let reply = try await server.post(path, #"{"prompt":"Once","max_tokens":2}"#, headers: [target: name])
      #expect(reply.status == 200 && header("x-Amzn-Invoked-Production-Variant", reply) == name, "\(reply.text)")
    }
    let chosen = try await server.post(path, #"{"prompt":"Once","max_tokens":2}"#)
    #expect(["a", "b"].contains(header("x-Amzn-Invoked-Production-Variant", chosen)))
    let unknown = try await server.post(path, #"{"prompt":"Once"}"#, headers: [target: "c"])
    #expect(unknown.status == 400 && unknown.awsError == "ValidationError")
  }

  @Test func `open nothing that a key does not`() async throws {
    let files = try ModelFiles(["a", "b"])
    let line = "only \(KeyDigest(of: "secret").text) models=b,x*"
    let server = try server(files) {
      $0.keyFile = MemoryFile(line)
      $0.aliases = ["x*=a", "y=b"].compactMap(ModelAlias.init)
      $0.variants = ["chat=a:1000000", "chat=b:1", "closed=a:1"].compactMap(ModelVariant.init)
    }
    let field = try #require(HTTPField.Name("X-Apus-Variant"))
    let key: HTTPFields = [.authorization: "Bearer secret"]
    #expect(try await server.post(Self.path, body("xy"), headers: key).status == 404)
    #expect(try await server.post(Self.path, body("y"), headers: key).status == 200)
    for _ in 0..<20 {
      #expect(header("X-Apus-Variant", try await server.post(Self.path, body("chat"), headers: key)) == "b")
    }
    var picking = key
    picking[field] = "a"
    #expect(try await server.post(Self.path, body("chat"), headers: picking).status == 404)
    #expect(try await server.post(Self.path, body("closed"), headers: key).status == 404)
  }

  @Test func `must mean something, and one thing`() throws {
    let files = try ModelFiles(["a", "b"])
    for (aliases, variants) in [(["x=c"], []), ([], ["chat=c:1"]), ([], ["a=b:1"]), (["x=y", "y=a"], [])] {
      #expect(throws: ServerError.self) {
        try server(files) {
          $0.aliases = aliases.compactMap(ModelAlias.init)
          $0.variants = variants.compactMap(ModelVariant.init)
        }
      }
    }
  }
}
