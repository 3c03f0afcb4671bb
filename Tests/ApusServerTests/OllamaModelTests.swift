internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// What Ollama's API tells of models, and does with their names.
@Suite(.timeLimit(.minutes(2)))
struct OllamaModelTests {
  private func pool(_ names: [String], in folder: TemporaryFolder, idleTime: Duration? = nil) throws -> ModelPool {
    let runtime = Runtime(memory: MemoryAccount())
    return ModelPool(
      try names.enumerated().map { index, name in
        var tiny = TinyModel()
        tiny.seed = UInt64(index + 1)
        try tiny.write(to: folder.path("\(index).gguf"))
        let options = LoadOptions(
          threads: 1, contextLength: 256, parallel: 2, kvMemory: 1 << 20, queueLimit: 64, runtime: runtime)
        return ModelPool.Source(name: name, path: folder.path("\(index).gguf"), options: options)
      }, idleTime: idleTime)
  }

  private func names(_ reply: Reply) -> [String] {
    (reply.json["models"]?.list ?? []).compactMap { $0["name"]?.string }
  }

  @Test func `Models are listed with what their files say, loaded or not`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b:q8"], in: folder)
    let server = try TestServer(pool)
    let list = try await server.send(.get, "/api/tags")
    #expect(list.status == 200 && names(list) == ["a:latest", "b:q8"])
    let model = try #require(list.json["models"]?.list.first)
    #expect(model["model"] == "a:latest" && model["size"]?.whole ?? 0 > 0)
    #expect(model["digest"]?.string?.utf8.count == 64)
    #expect(model["details"]?["format"] == "gguf" && model["details"]?["family"] == "llama")
    #expect(model["capabilities"]?.list.first == "completion")
    #expect(list.json["models"]?.list.last?["digest"] != model["digest"])
    #expect(try await server.send(.head, "/api/tags").status == 200)
    #expect(pool.loadedNames.isEmpty)
    #expect(try await server.send(.get, "/api/ps").json == ["models": []])
    _ = try await pool.model("a")
    let loaded = try await server.send(.get, "/api/ps")
    #expect(names(loaded) == ["a:latest"])
    let running = try #require(loaded.json["models"]?.list.first)
    #expect(running["context_length"] == 256 && running["size_vram"] == 0)
    #expect(running["expires_at"]?.string?.hasPrefix("23") == true)
  }

  @Test func `A model is shown under each of its names, and an unknown one is not`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b"], in: folder)
    let server = try TestServer(pool)
    for body in [#"{"model":"a"}"#, #"{"name":"a:latest","verbose":true}"#] {
      let shown = try await server.post("/api/show", body)
      #expect(shown.status == 200)
      #expect(shown.json["model_info"]?["general.architecture"] == "llama")
      #expect(shown.json["model_info"]?["llama.context_length"]?.whole ?? 0 > 0)
      #expect(shown.json["details"]?["family"] == "llama")
      #expect(shown.json["template"]?.string?.isEmpty == false)
    }
    #expect(pool.loadedNames.isEmpty)
    let lease = try await pool.model("a")
    let shown = try await server.post("/api/show", #"{"model":"a"}"#)
    #expect(shown.json["model_info"]?["llama.context_length"] == 256)
    #expect(shown.json["parameters"]?.string?.contains("num_ctx 256") == true)
    withExtendedLifetime(lease) {}
    let unknown = try await server.post("/api/show", #"{"model":"c"}"#)
    #expect(unknown.status == 404 && unknown.json["error"] == "model 'c' not found")
    #expect(try await server.post("/api/show", "{}").status == 400)
  }

  @Test func `A copied name is answered to everywhere until it is deleted`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    func answers(_ name: String) async throws -> Int {
      let body = #"{"model":"\#(name)","prompt":"x","max_tokens":1,"stream":false,"options":{"num_predict":1}}"#
      let own = try await server.post("/api/generate", body).status
      #expect(try await server.post("/v1/completions", body).status == own)
      return own
    }
    #expect(try await answers("mine") == 404)
    #expect(try await server.post("/api/copy", #"{"source":"b","destination":"mine"}"#).status == 200)
    #expect(try await answers("mine") == 200)
    #expect(try await answers("mine:latest") == 200)
    #expect(try await answers("b:latest") == 200)
    #expect(names(try await server.send(.get, "/api/tags")) == ["a:latest", "b:latest", "mine:latest"])
    let models = try await server.send(.get, "/v1/models")
    #expect((models.json["data"]?.list ?? []).contains { $0["id"] == "mine" && $0["root"] == "b" })
    #expect(try await server.post("/api/create", #"{"model":"more:1","from":"mine"}"#).json["status"] == "success")
    #expect(try await answers("more:1") == 200)
    let delete = #"{"model":"mine"}"#
    #expect(try await server.send(.delete, "/api/delete", body: Array(delete.utf8)).status == 200)
    #expect(try await server.send(.delete, "/api/delete", body: Array(delete.utf8)).status == 404)
    #expect(try await answers("mine") == 404)
    #expect(try await answers("more:1") == 200)
  }

  @Test func `Names and files of the operator stay as they are`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    let delete = Array(#"{"model":"a"}"#.utf8)
    #expect(try await server.send(.delete, "/api/delete", body: delete).status == 400)
    for body in [
      #"{"source":"a","destination":"b"}"#, #"{"source":"a","destination":"b:latest"}"#, #"{"source":"a"}"#,
      #"{"source":"a","destination":"../x y"}"#, #"{"source":1,"destination":"x"}"#, #"{"destination":"x"}"#,
    ] {
      let reply = try await server.post("/api/copy", body)
      #expect(reply.status == 400 && reply.json["error"]?.string != nil, "\(body)")
    }
    #expect(try await server.post("/api/copy", #"{"source":"x","destination":"y"}"#).status == 404)
    for field in ["files", "adapters", "quantize", "parameters"] {
      let reply = try await server.post("/api/create", #"{"model":"x","from":"a","\#(field)":"s"}"#)
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains(field) == true)
    }
    // As many as there may be, and not one more.
    for number in 0..<256 {
      let reply = try await server.post("/api/copy", #"{"source":"a","destination":"n\#(number)"}"#)
      #expect(reply.status == 200)
    }
    #expect(try await server.post("/api/copy", #"{"source":"a","destination":"n256"}"#).status == 400)
    #expect(try await server.post("/api/copy", #"{"source":"b","destination":"n0"}"#).status == 200)
  }

  private static let made = """
    {"model":"mine","from":"a","system":"be brief","parameters":{"temperature":0,"num_predict":5,"stop":"zz"},
    "messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"}],"license":["MIT"]}
    """
  private static let before = [
    #"{"role":"system","content":"be brief"}"#, #"{"role":"user","content":"one"}"#,
    #"{"role":"assistant","content":"two"}"#,
  ].joined(separator: ",")

  @Test func `What is made of a model is said before each chat, and answers as it should`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    #expect(try await server.post("/api/create", Self.made).json["status"] == "success")
    let asked = #"{"role":"user","content":"hi"}"#
    let options = #""stream":false,"options":{"temperature":0,"num_predict":5,"stop":["zz"]}"#
    let made = try await server.post("/api/chat", #"{"model":"mine","messages":[\#(asked)],"stream":false}"#)
    let plain = try await server.post(
      "/api/chat", #"{"model":"a","messages":[\#(Self.before),\#(asked)],\#(options)}"#)
    #expect(made.status == 200 && made.json["message"] == plain.json["message"], "\(made.text)")
    #expect(made.json["prompt_eval_count"] == plain.json["prompt_eval_count"] && made.json["model"] == "mine")
    // So it is in other dialects, for one question, and where a request has a system message and options of its own.
    let openAI = try await server.post("/v1/chat/completions", #"{"model":"mine","messages":[\#(asked)]}"#)
    let same = openAI.json["choices"]?.list.first?["message"]?["content"]
    #expect(same == plain.json["message"]?["content"], "\(openAI.text)")
    let question = try await server.post("/api/generate", #"{"model":"mine","prompt":"hi","stream":false}"#)
    #expect(question.json["response"] == same)
    let own = #"{"role":"system","content":"be long"}"#
    let other = try await server.post(
      "/api/chat",
      #"{"model":"mine","messages":[\#(own),\#(asked)],"stream":false,"options":{"num_predict":1,"seed":3}}"#)
    #expect(other.json["eval_count"]?.whole ?? 9 <= 1)
    #expect(other.json["prompt_eval_count"] != nil && other.json["prompt_eval_count"] != 0)
    let raw = try await server.post("/api/generate", #"{"model":"mine","prompt":"hi","raw":true,"stream":false}"#)
    #expect(raw.json["prompt_eval_count"]?.whole ?? 99 < made.json["prompt_eval_count"]?.whole ?? 0)
  }

  @Test func `Options of what was made hold for raw prompts in every dialect`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    #expect(try await server.post("/api/create", Self.made).status == 200)
    for (path, prompt, options) in [
      ("/v1/completions", #""prompt":"hi""#, #""temperature":0,"max_tokens":5,"stop":["zz"]"#),
      ("/completion", #""prompt":"hi""#, #""temperature":0,"n_predict":5,"stop":["zz"]"#),
      ("/generate", #""inputs":"hi""#, #""parameters":{"max_new_tokens":5,"stop":["zz"]}"#),
    ] {
      let made = try await server.post(path, #"{"model":"mine",\#(prompt)}"#)
      let plain = try await server.post(path, #"{"model":"a",\#(prompt),\#(options)}"#)
      #expect(made.status == 200 && plain.status == 200, "\(made.text) \(plain.text)")
      for member in ["choices", "content", "generated_text"] { #expect(made.json[member] == plain.json[member]) }
    }
    // A body of Bedrock's may say nothing of it, too.
    let made = try await server.post("/model/mine/invoke", #"{"prompt":"hi"}"#)
    let plain = try await server.post(
      "/model/a/invoke", #"{"prompt":"hi","max_tokens":5,"temperature":0,"stop":["zz"]}"#)
    #expect(made.status == 200 && made.json["choices"] == plain.json["choices"], "\(made.text)")
  }

  @Test func `What was made is shown, copied, made more of, and forgotten`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    #expect(try await server.post("/api/create", Self.made).status == 200)
    #expect(try await server.post("/api/copy", #"{"source":"mine","destination":"copy"}"#).status == 200)
    let more = #"{"model":"more","from":"mine","system":"be long","parameters":{"top_k":7}}"#
    #expect(try await server.post("/api/create", more).status == 200)
    for name in ["mine", "copy"] {
      let shown = try await server.post("/api/show", #"{"model":"\#(name)"}"#)
      #expect(shown.json["system"] == "be brief" && shown.json["license"] == "MIT")
      #expect(shown.json["messages"]?.list.count == 2)
      #expect(shown.json["parameters"]?.string == "temperature 0\nnum_predict 5\nstop \"zz\"")
      let lines = shown.json["modelfile"]?.string ?? ""
      for line in ["FROM a", "SYSTEM \"\"\"be brief\"\"\"", "PARAMETER stop \"zz\"", "MESSAGE user \"\"\"one\"\"\""] {
        #expect(lines.contains(line), "\(lines)")
      }
    }
    let shown = try await server.post("/api/show", #"{"model":"more"}"#)
    #expect(shown.json["system"] == "be long" && shown.json["parameters"]?.string?.hasSuffix("top_k 7") == true)
    #expect(shown.json["parameters"]?.string?.hasPrefix("temperature 0") == true)
    _ = try await server.send(.delete, "/api/delete", body: Array(#"{"model":"mine"}"#.utf8))
    #expect(try await server.post("/api/show", #"{"model":"mine"}"#).status == 404)
    #expect(try await server.post("/api/show", #"{"model":"copy"}"#).json["system"] == "be brief")
    #expect(try await server.post("/api/show", #"{"model":"a"}"#).json["system"] == nil)
  }

  @Test func `It may have adapters that the server was started with`() async throws {
    let server = try TestServer(await TestModel.adapted("style"))
    let create = #"{"model":"styled","from":"x","adapters":{"style":"sha256:0"}}"#
    #expect(try await server.post("/api/create", create).status == 200)
    func answer(_ name: String) async throws -> JSONValue? {
      let body = #"{"model":"\#(name)","messages":[{"role":"user","content":"hi"}],"stream":false,"#
      let reply = try await server.post("/api/chat", body + #""options":{"temperature":0,"num_predict":12}}"#)
      #expect(reply.status == 200, "\(reply.text)")
      return reply.json["message"]
    }
    #expect(try await answer("styled") == answer("style"))
    func completion(_ name: String) async throws -> JSONValue? {
      let body = #"{"model":"\#(name)","prompt":"hi","temperature":0,"max_tokens":12}"#
      return try await server.post("/v1/completions", body).json["choices"]
    }
    #expect(try await completion("styled") == completion("style"))
    let shown = try await server.post("/api/show", #"{"model":"styled"}"#)
    #expect(shown.json["modelfile"]?.string?.contains("ADAPTER style") == true)
    let other = try await server.post("/api/create", #"{"model":"y","from":"x","adapters":{"other":"sha256:0"}}"#)
    #expect(other.status == 400 && other.json["error"]?.string?.contains("--lora") == true)
  }

  @Test func `A template of its own is Jinja, and other things are refused`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a", "b"], in: folder))
    let template = "{% for m in messages %}<{{ m.role }}:{{ m.content }}>{% endfor %}"
    let create = #"{"model":"t","from":"a","template":"\#(template)","system":"s"}"#
    #expect(try await server.post("/api/create", create).status == 200)
    for _ in 0..<2 {
      let applied = try await server.post(
        "/apply-template", #"{"model":"t","messages":[{"role":"user","content":"hi"}]}"#)
      #expect(applied.json["prompt"] == "<system:s><user:hi>", "\(applied.text)")
    }
    #expect(try await server.post("/api/show", #"{"model":"t"}"#).json["template"] == .string(template))
    // One that is made of it may have another, and what both do is not mixed up.
    let other = #"{"model":"u","from":"t","template":"{% for m in messages %}[{{ m.content }}]{% endfor %}"}"#
    #expect(try await server.post("/api/create", other).status == 200)
    for (name, prompt) in [("u", "[s][hi]"), ("t", "<system:s><user:hi>"), ("u", "[s][hi]")] {
      let applied = try await server.post(
        "/apply-template", #"{"model":"\#(name)","messages":[{"role":"user","content":"hi"}]}"#)
      #expect(applied.json["prompt"] == .string(prompt), "\(applied.text)")
    }
    let chat = #"{"model":"t","messages":[{"role":"user","content":"hi"}],"stream":false,"options":{"num_predict":2}}"#
    #expect(try await server.post("/api/chat", chat).status == 200)
    let large = String(repeating: "x", count: 70_000)
    for (fields, word) in [
      (#""template":"{{ .System }} {{ .Prompt }}""#, "Go's syntax"), (#""template":"{% for %}""#, "Jinja"),
      (#""system":7"#, "system"), (#""parameters":{"seed":"x"}"#, "seed"), (#""parameters":{"top_p":2}"#, "top_p"),
      (#""license":7"#, "license"), (#""messages":[{"role":"me","content":"a"}]"#, "role"),
      (#""messages":[{"role":"user","content":"a","images":["eA=="]}]"#, "images"), (#""system":"\#(large)""#, "bytes"),
    ] {
      let reply = try await server.post("/api/create", #"{"model":"x","from":"a",\#(fields)}"#)
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains(word) == true, "\(reply.text)")
      #expect(try await server.post("/api/show", #"{"model":"x"}"#).status == 404)
    }
  }

  @Test func `There is no store, and what needs one says so`() async throws {
    let folder = try TemporaryFolder()
    let server = try TestServer(try pool(["a"], in: folder)) { $0.hasStrictModels = true }
    #expect(try await server.post("/api/pull", #"{"model":"a:latest"}"#).json["status"] == "success")
    // A server with one model answers to any name.
    let single = try TestServer(await TestModel.quick())
    #expect(try await single.post("/api/pull", #"{"model":"m"}"#).json["status"] == "success")
    let blob = "/api/blobs/sha256:" + String(repeating: "0", count: 64)
    #expect(try await server.send(.head, blob).status == 404)
    for reply in [
      try await server.post("/api/pull", #"{"model":"llama3.2"}"#),
      try await server.post("/api/push", #"{"model":"a"}"#),
      try await server.post(blob, "x"),
    ] {
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains("no model store") == true)
    }
  }

  @Test func `Keep alive says when a model goes`() async throws {
    let folder = try TemporaryFolder()
    let pool = try pool(["a", "b"], in: folder)
    let server = try TestServer(pool)
    func ask(_ keepAlive: String) async throws {
      let body = #"{"model":"a","prompt":"x","stream":false,"options":{"num_predict":1},"keep_alive":\#(keepAlive)}"#
      #expect(try await server.post("/api/generate", body).status == 200)
    }
    try await ask(#""10m""#)
    #expect(pool.residents["a"]?.idleTime == .seconds(600))
    try await ask("-1")
    #expect(pool.residents["a"]?.idleTime == nil)
    try await ask("1e300")
    #expect(pool.residents["a"]?.idleTime == nil)
    let expiry = try await server.send(.get, "/api/ps").json["models"]?.list.first?["expires_at"]?.string
    #expect(expiry?.hasPrefix("23") == true)
    try await ask("0")
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    // Asked to go, a model that is not there is not loaded for it.
    #expect(try await server.post("/api/generate", #"{"model":"b","keep_alive":0}"#).json["done_reason"] == "unload")
    #expect(pool.loadedNames.isEmpty)
    #expect(try await server.post("/api/generate", #"{"model":"b"}"#).status == 200)
    #expect(pool.loadedNames == ["b"])
    #expect(try await server.post("/api/chat", #"{"model":"b","keep_alive":"0s"}"#).status == 200)
    while !pool.loadedNames.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
  }
}
