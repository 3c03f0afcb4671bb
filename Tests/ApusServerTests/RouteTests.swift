internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

struct RouteTests {
  @Test(arguments: ["/", "/health", "/health/ready"])
  func `Health paths answer 200 without a key`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["secret"] }
    #expect(try await server.send(.get, path).status == 200)
  }

  @Test func `The model is listed, and found under its own name and under any other`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "some/model")
    let list = try await server.send(.get, "/v1/models")
    #expect(list.status == 200)
    #expect(list.json["object"] == "list")
    for (path, id) in [("some/model", "some/model"), ("a%2Fb", "a/b"), ("gpt-3.5-turbo", "gpt-3.5-turbo")] {
      let model = try await server.send(.get, "/v1/models/" + path)
      #expect(model.status == 200)
      #expect(model.json["id"] == .string(id))
      #expect(model.json["max_model_len"] == 256)
    }
  }

  @Test func `With strict names another model is not found`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "mine") { $0.hasStrictModels = true }
    #expect(try await server.send(.get, "/v1/models/mine").status == 200)
    let other = try await server.send(.get, "/v1/models/other")
    #expect(other.status == 404)
    #expect(other.json["error"]?["code"] == "model_not_found")
    let completion = try await server.post("/v1/completions", #"{"model":"other","prompt":"a"}"#)
    #expect(completion.status == 404)
    #expect(completion.isAPIError)
  }

  @Test(arguments: ["/v1", "/v1/chat", "/v1/completions/x", "/nothing", "/v1/models/%FF", "/health/x"])
  func `Unknown paths are errors in OpenAI's shape`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for method in [HTTPRequest.Method.get, .post] {
      let reply = try await server.send(method, path)
      #expect((400...405).contains(reply.status))
      #expect(reply.isAPIError)
    }
  }

  @Test func `A method that a path lacks is refused by name`() async throws {
    let server = try TestServer(await TestModel.quick())
    let get = try await server.send(.get, "/v1/completions")
    #expect(get.status == 405)
    #expect(get.headers[.allow] == "POST")
    #expect(get.isAPIError)
    let post = try await server.send(.post, "/v1/models")
    #expect(post.status == 405)
    #expect(post.headers[.allow] == "GET, HEAD")
  }

  @Test func `HEAD answers as GET does, without a body`() async throws {
    let server = try TestServer(await TestModel.quick())
    for path in ["/", "/health", "/v1/models", "/nothing", "/v1/completions"] {
      let head = try await server.send(.head, path)
      #expect(head.body.isEmpty)
      #expect(head.headers[.contentLength] != nil)
    }
    #expect(try await server.send(.head, "/health").status == 200)
  }

  @Test func `Pages on this machine may use the server, and strangers' pages may not`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.allowedOrigins = ["https://friend.example"] }
    let allowOrigin = try #require(HTTPField.Name("Access-Control-Allow-Origin"))
    for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "https://friend.example"] {
      let reply = try await server.send(.options, "/v1/chat/completions", headers: [.origin: origin])
      #expect(reply.status == 204)
      #expect(reply.headers[allowOrigin] == origin)
    }
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", ""] {
      let reply = try await server.send(.get, "/v1/models", headers: [.origin: origin])
      #expect(reply.status == 403)
      #expect(reply.isAPIError)
    }
  }

  @Test func `OpenAI's paths are also where Bedrock has them`() async throws {
    let server = try TestServer(await TestModel.quick())
    let body = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":4,"seed":3}"#
    let own = try await server.post("/v1/chat/completions", body)
    let other = try await server.post("/openai/v1/chat/completions", body)
    #expect(other.status == 200 && other.json["choices"] == own.json["choices"], "\(other.text)")
    let model = try await server.send(.get, "/openai/v1/models/a/b")
    #expect(model.status == 200 && model.json["id"] == "a/b", "\(model.text)")
    #expect(try await server.send(.get, "/openai/v1/models").json["object"] == "list")
    #expect(try await server.send(.get, "/openai/v1/responses/resp_1").status == 404)
    #expect(try await server.send(.get, "/openai/v1/nothing").isAPIError)
    let locked = try TestServer(await TestModel.quick()) { $0.apiKeys = ["secret"] }
    #expect(try await locked.post("/openai/v1/chat/completions", body).status == 401)
  }

  @Test func `Every answer has a request id, the client's own where it is sound`() async throws {
    let server = try TestServer(await TestModel.quick())
    let name = try #require(HTTPField.Name("X-Request-Id"))
    #expect(try await server.send(.get, "/health", headers: [name: "abc-1"]).headers[name] == "abc-1")
    let long = String(repeating: "x", count: 129)
    let renamed = try await server.send(.get, "/nothing", headers: [name: long]).headers[name]
    #expect(renamed?.hasPrefix("req_") == true)
  }

  @Test(arguments: ["authorization", "x-api-key", "api-key"])
  func `Only a configured key opens the paths of the API`(_ header: String) async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["first", "second"] }
    let name = try #require(HTTPField.Name(header))
    let prefix = header == "authorization" ? "Bearer " : ""
    for key in ["first", "second"] {
      #expect(try await server.send(.get, "/v1/models", headers: [name: prefix + key]).status == 200)
    }
    for key in ["", "firs", "firsts", "First", "first second"] {
      let reply = try await server.send(.get, "/v1/models", headers: [name: prefix + key])
      #expect(reply.status == 401)
      #expect(reply.isAPIError)
      #expect(reply.json["error"]?["code"] == "invalid_api_key")
    }
    #expect(try await server.send(.get, "/v1/models").status == 401)
  }

  @Test func `A path that is too long is refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    let limit = RequestLimits().targetByteCount
    for (count, status) in [(limit - 1, 404), (limit, 404), (limit + 1, 414)] {
      let path = "/" + String(repeating: "a", count: count - 1)
      let reply = try await server.send(.get, path)
      #expect(reply.status == status)
      #expect(reply.isAPIError)
    }
  }
}
