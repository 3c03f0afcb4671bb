internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

/// Models that come and go while the server runs, as SageMaker's containers for many models have them.
@Suite(.timeLimit(.minutes(2)))
struct ContainerModelTests {
  /// A server that began without a model and may load those of a folder.
  private struct Setup {
    let files: ModelFiles
    let server: TestServer
    /// The names of models whose memory is free again.
    let unloaded: AsyncStream<String>

    init(_ names: [String], memory: Int? = nil, _ configure: (inout ServerConfiguration) -> Void = { _ in }) throws {
      let (unloaded, continuation) = AsyncStream.makeStream(of: String.self)
      let (files, pool) = (
        try ModelFiles(names),
        ModelPool([], memory: memory) { if case .unloaded(let name) = $0 { continuation.yield(name) } }
      )
      let folders = try ModelFolders([files.folder.path("")], options: files.source("a").options)
      server = try TestServer(pool) {
        $0.modelFolders = folders
        configure(&$0)
      }
      (self.files, self.unloaded) = (files, unloaded)
    }

    func load(_ name: String, _ url: String) async throws -> Reply {
      try await server.post("/models", ["model_name": .string(name), "url": .string(url)])
    }

    func text(_ path: String, headers: HTTPFields = [:]) async throws -> JSONValue? {
      let reply = try await server.post(
        path, #"{"prompt":"Once","max_tokens":12,"temperature":0,"ignore_eos":true}"#, headers: headers)
      return reply.json["choices"]?.elements?.first?["text"]
    }
  }

  @Test func `A model is loaded, listed, asked and unloaded by its name`() async throws {
    let setup = try Setup(["a", "b"])
    let (server, files) = (setup.server, setup.files)
    #expect(try await server.send(.get, "/ping").status == 200)
    let early = try await server.post("/invocations", #"{"prompt":"a"}"#)
    #expect(early.status == 404 && early.json["error"]?["code"] == "model_not_found", "\(early.text)")
    #expect(try await server.send(.get, "/models").json == ["models": []])

    // As the platform unpacks a model: a folder with one file.
    let folder = files.folder.path("hash/model")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: files.path("a"), toPath: folder + "/weights.gguf")
    let (first, second): (JSONValue, JSONValue) = (
      ["modelName": "m1", "modelUrl": .string(folder)], ["modelName": "m2", "modelUrl": .string(files.path("b"))]
    )
    let loaded = try await setup.load("m1", folder)
    #expect(loaded.status == 200 && loaded.json == first, "\(loaded.text)")
    let again = try await setup.load("m1", folder)
    #expect(again.status == 409 && again.json["error"]?["code"] == "model_already_loaded", "\(again.text)")
    #expect(try await setup.load("m2", files.path("b")).status == 200)

    #expect(try await server.send(.get, "/models").json == ["models": [first, second]])
    #expect(try await server.send(.get, "/models?next_page_token=1").json == ["models": [second]])
    #expect(try await server.send(.get, "/models?next_page_token=3").status == 400)
    #expect(try await server.send(.get, "/models?next_page_token=x").status == 400)
    #expect(try await server.send(.get, "/models/m2").json == second)
    #expect(try await server.send(.get, "/models/m3").status == 404)
    let names = try await server.send(.get, "/v1/models").json["data"]?.elements?.map { $0["id"] }
    #expect(names == ["m1", "m2"])

    let (one, two) = (try await setup.text("/models/m1/invoke"), try await setup.text("/models/m2/invoke"))
    #expect(one != nil && two != nil && one != two)
    let target = try #require(HTTPField.Name("X-Amzn-SageMaker-Target-Model"))
    for path in ["/invocations", "/endpoints/many/invocations"] {
      #expect(try await setup.text(path, headers: [target: "m2"]) == two)
    }
    let unknown = try await server.post("/endpoints/many/invocations", #"{"prompt":"a"}"#)
    #expect(unknown.status == 400 && unknown.awsError == "ValidationError", "\(unknown.text)")

    #expect(try await server.send(.delete, "/models/m1").status == 200)
    #expect(try await server.send(.delete, "/models/m1").status == 404)
    #expect(try await server.post("/models/m1/invoke", #"{"prompt":"a"}"#).status == 404)
    #expect(try await server.send(.get, "/models").json == ["models": [second]])
    #expect(await setup.unloaded.first { _ in true } == "m1")
    #expect(try await setup.load("m1", folder).status == 200)
    #expect(try await setup.text("/models/m1/invoke") == one)
  }

  @Test func `A model that does not fit beside the others is 507 until one of them is unloaded`() async throws {
    let size = try await ModelFiles(["a"]).size("a")
    let setup = try Setup(["a", "b"], memory: size * 3 / 2)
    let files = setup.files
    #expect(try await setup.load("m1", files.path("a")).status == 200)
    let full = try await setup.load("m2", files.path("b"))
    #expect(full.status == 507 && full.json["error"]?["code"] == "insufficient_storage", "\(full.text)")
    let names = try await setup.server.send(.get, "/v1/models").json["data"]?.elements?.map { $0["id"] }
    #expect(names == ["m1"])
    #expect(try await setup.text("/models/m1/invoke") != nil)
    #expect(try await setup.server.send(.delete, "/models/m1").status == 200)
    #expect(await setup.unloaded.first { _ in true } == "m1")
    #expect(try await setup.load("m2", files.path("b")).status == 200)
    #expect(try await setup.text("/models/m2/invoke") != nil)
  }

  @Test func `Paths that lead elsewhere are as if there was nothing`() async throws {
    let setup = try Setup(["a", "b"])
    let (folder, outside) = (setup.files.folder, try ModelFiles(["a"]))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.gguf"), withDestinationPath: outside.path("a"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("folder"), withDestinationPath: outside.folder.path(""))
    let mixed = folder.path("mixed")
    try FileManager.default.createDirectory(atPath: mixed, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: mixed + "/m.gguf", withDestinationPath: outside.path("a"))
    let empty = folder.path("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    for url in [
      outside.path("a"), folder.path("link.gguf"), folder.path("folder"), folder.path("folder/a.gguf"), mixed, empty,
      folder.path("") + "/../" + outside.folder.url.lastPathComponent + "/a.gguf", folder.path("none.gguf"), "a.gguf",
      "", "/", "/etc/passwd", "s3://bucket/a.gguf", "/" + String(repeating: "a/", count: 4000),
    ] {
      let reply = try await setup.load("m", url)
      #expect(reply.status == 400 && reply.json["error"]?["param"] == "url", "\(url): \(reply.text)")
      #expect(reply.text.contains("url must be a GGUF file"))
    }
    let pair = folder.path("pair")
    try FileManager.default.createDirectory(atPath: pair, withIntermediateDirectories: true)
    for name in ["a", "b"] {
      try FileManager.default.copyItem(atPath: setup.files.path(name), toPath: pair + "/\(name).gguf")
    }
    let several = try await setup.load("m", pair)
    #expect(several.status == 400 && several.text.contains("several models"), "\(several.text)")
    // A file that is none, whose name is free again behind that.
    try folder.write(Array("GGUF".utf8), to: "broken.gguf")
    let broken = try await setup.load("m", folder.path("broken.gguf"))
    #expect(broken.status == 503 && broken.json["error"]?["code"] == "model_not_loaded", "\(broken.text)")
    #expect(try await setup.load("m", setup.files.path("a")).status == 200)
  }

  @Test func `All parts of a model that is split count as one`() async throws {
    let setup = try Setup(["a"])
    let folder = setup.files.folder.path("split")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for part in ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"] {
      try FileManager.default.copyItem(atPath: setup.files.path("a"), toPath: folder + "/" + part)
    }
    // The parts of this one do not fit each other, which shows only when it is loaded.
    #expect(try await setup.load("m", folder).status != 400)
  }

  @Test(arguments: [
    "{}", #"{"model_name":"m"}"#, #"{"url":"/m"}"#, #"{"model_name":5,"url":"/m"}"#, #"{"model_name":"","url":"/m"}"#,
    #"{"model_name":"a b","url":"/m"}"#, #"{"model_name":"m","url":["/m"]}"#, "[]", "",
  ])
  func `Wrong bodies are refused`(_ body: String) async throws {
    let reply = try await Setup(["a"]).server.post("/models", body)
    #expect(reply.status == 400 && reply.isAPIError, "\(reply.text)")
  }

  @Test func `Without such folders nothing is loaded, and with keys an admin's alone do it`() async throws {
    let plain = try TestServer(await TestModel.quick())
    for reply in [
      try await plain.post("/models", #"{"model_name":"m","url":"/m"}"#), try await plain.send(.get, "/models"),
      try await plain.send(.get, "/models/m"), try await plain.send(.delete, "/models/m"),
    ] {
      #expect(reply.status == 400 && reply.json["error"]?["code"] == "unsupported_parameter", "\(reply.text)")
    }
    let setup = try Setup(["a"]) { $0.apiKeys = ["k"] }
    let key: HTTPFields = [.authorization: "Bearer k"]
    let refused = try await setup.server.post("/models", #"{"model_name":"m","url":"/m"}"#, headers: key)
    #expect(refused.status == 403 && refused.json["error"]?["code"] == "admin_needed", "\(refused.text)")
    #expect(try await setup.server.send(.get, "/models", headers: key).status == 403)
    #expect(try await setup.server.send(.get, "/models").status == 401)
  }

  @Test func `A folder that is not there is told at start`() throws {
    #expect(throws: ServerError.self) { try ModelFolders(["/nowhere/at/all"], options: LoadOptions()) }
  }
}
