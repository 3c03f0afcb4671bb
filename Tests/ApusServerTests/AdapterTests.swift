internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// A server with adapters: chosen by the model's name, or by their numbers.
struct AdapterTests {
  private func text(_ server: TestServer, _ fields: String) async throws -> [String] {
    let reply = try await server.post(
      "/v1/completions", #"{"prompt":"the","max_tokens":20,"temperature":0,"ignore_eos":true\#(fields)}"#)
    #expect(reply.status == 200, "\(reply.text)")
    return reply.texts
  }

  @Test func `A request chooses by name or by number, and without a choice gets the model`() async throws {
    let server = try TestServer(await TestModel.adapted("poet", "clerk"))
    func expected(_ choices: [AdapterChoice]) async throws -> [String] {
      let options = GenerationOptions(maxTokens: 20, sampling: .greedy, ignoreEOS: true, adapters: choices)
      return [try await server.model.complete("the", options: options).text]
    }
    let plain = try await expected([])
    let poet = try await expected([AdapterChoice("poet")])
    let clerk = try await expected([AdapterChoice("clerk")])
    #expect(Set([plain, poet, clerk]).count == 3)
    #expect(try await text(server, "") == plain)
    #expect(try await text(server, #","model":"any""#) == plain)
    #expect(try await text(server, #","model":"poet""#) == poet)
    #expect(try await text(server, #","lora":[{"id":1,"scale":1}]"#) == clerk)
    #expect(try await text(server, #","lora":[]"#) == plain)
    let both = try await expected([AdapterChoice("poet", scale: 0.5), AdapterChoice("clerk", scale: 2)])
    #expect(try await text(server, #","lora":[{"id":1,"scale":2.0},{"id":0,"scale":0.5}]"#) == both)
  }

  @Test func `An answer bears the name that was asked for`() async throws {
    let server = try TestServer(await TestModel.adapted("poet")) { $0.hasStrictModels = true }
    let reply = try await server.post(
      "/v1/chat/completions", #"{"model":"poet","max_tokens":1,"messages":[{"role":"user","content":"a"}]}"#)
    #expect(reply.status == 200 && reply.json["model"] == "poet")
    #expect(try await server.post("/v1/completions", #"{"model":"cook","prompt":"a"}"#).status == 404)
  }

  @Test func `Adapters are among the models`() async throws {
    let server = try TestServer(await TestModel.adapted("poet", "clerk"))
    guard case .array(let models)? = try await server.send(.get, "/v1/models").json["data"] else {
      Issue.record("no models"); return
    }
    #expect(models.map { $0["id"] } == ["tiny", "poet", "clerk"])
    #expect(models.map { $0["parent"] } == [.null, "tiny", "tiny"])
    #expect(try await server.send(.get, "/v1/models/poet").json["parent"] == "tiny")
  }

  @Test(arguments: [
    (#""lora":{}"#, "lora"), (#""lora":[1]"#, "lora"), (#""lora":[{}]"#, "lora[0].id"),
    (#""lora":[{"id":0}]"#, "lora[0].scale"), (#""lora":[{"id":1,"scale":1}]"#, "lora[0].id"),
    (#""lora":[{"id":-1,"scale":1}]"#, "lora[0].id"), (#""lora":[{"id":0,"scale":1e300}]"#, "lora[0].scale"),
    (#""lora":[{"id":0,"scale":"1"}]"#, "lora[0].scale"), (#""lora":[{"id":0,"scale":1},{"id":0,"scale":1}]"#, "lora"),
    (#""model":"poet","lora":[]"#, "lora"),
  ])
  func `What chooses nothing is refused`(fields: String, parameter: String) async throws {
    let server = try TestServer(await TestModel.adapted("poet"))
    let reply = try await server.post("/v1/completions", #"{"prompt":"a",\#(fields)}"#)
    #expect(reply.status == 400 && reply.isAPIError, "\(reply.text)")
    #expect(reply.json["error"]?["param"] == .string(parameter), "\(reply.text)")
  }

  @Test func `A server without adapters refuses a choice`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/v1/completions", #"{"prompt":"a","lora":[{"id":0,"scale":1}]}"#)
    #expect(reply.status == 400 && reply.json["error"]?["param"] == "lora")
    #expect(try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1,"lora":[]}"#).status == 200)
  }

  @Test func `An adapter cannot have the model's name`() async throws {
    let model = try await TestModel.adapted("poet")
    #expect(throws: ServerError.self) { try TestServer(model, name: "poet") }
  }
}
