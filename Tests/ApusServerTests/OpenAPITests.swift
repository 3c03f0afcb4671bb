internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Foundation
internal import HTTPTypes
internal import Testing

/// `/openapi.json` against the routes and against Docs/API.md.
struct OpenAPITests {
  /// Paths of OpenAI and our own, all of which are described.
  private static let described = [
    "/", "/health", "/health/ready", "/metrics", "/openapi.json", "/v1/models", "/v1/models/{id}", "/v1/completions",
    "/v1/chat/completions", "/v1/embeddings", "/v1/responses",
  ]

  private func document() async throws -> JSONValue {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["k"] }
    let reply = try await server.send(.get, "/openapi.json")
    #expect(reply.status == 200)
    return reply.json
  }

  /// All operations, as `POST /v1/completions`.
  private func operations(_ document: JSONValue) -> [String: JSONValue] {
    var all: [String: JSONValue] = [:]
    guard case .object(let paths)? = document["paths"] else { return all }
    for (path, methods) in zip(paths.keys, paths.values) {
      guard case .object(let methods) = methods else { continue }
      for (method, operation) in zip(methods.keys, methods.values) { all["\(method.uppercased()) \(path)"] = operation }
    }
    return all
  }

  @Test func `It describes the routes of OpenAI and our own, and nothing else`() async throws {
    let operations = try await operations(document())
    let model = try await TestModel.quick()
    let server = try Server(
      ModelPool(model.model, name: "tiny"), configuration: ServerConfiguration(), logger: TestServer.silent)
    let routes = Set(server.routes)
    for name in operations.keys { #expect(routes.contains(name), "\(name)") }
    let own = routes.filter { name in
      let path = name.split(separator: " ").last.map(String.init) ?? ""
      let isOwn =
        path.hasPrefix("/apus/") || path.hasPrefix("/admin/")
        || ["/v1/responses/", "/v1/files", "/v1/batches"].contains(where: path.hasPrefix)
        || Self.described.contains(path)
      // What is answered with 404 alone is not told of.
      return isOwn && !["POST /", "POST /v1/responses/compact"].contains(name)
    }
    #expect(own.count >= 16)
    for name in own { #expect(operations[name] != nil, "\(name) has no description") }
  }

  @Test func `Every path that it describes stands in the pages for people`() async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let page = try String(contentsOf: root.appending(path: "Docs/API.md"), encoding: .utf8)
    for name in try await operations(document()).keys {
      let path = name.split(separator: " ").last ?? ""
      #expect(page.contains("\(path)`"), "\(path)")
    }
  }

  @Test func `Operations have names of their own, schemas that are there, and every kind of answer`() async throws {
    let document = try await document()
    #expect(document["openapi"] == "3.1.0")
    let operations = operations(document)
    #expect(Set(operations.values.compactMap { $0["operationId"].map { "\($0)" } }).count == operations.count)
    for (name, operation) in operations {
      guard case .object(let replies)? = operation["responses"] else {
        Issue.record("\(name)")
        continue
      }
      #expect(Set(replies.keys).isSuperset(of: ["4XX", "5XX"]) && replies.keys.contains { $0.hasPrefix("2") })
      #expect(name.contains("{id}") == (operation["parameters"]?.elements ?? []).contains { $0["in"] == "path" })
    }
    let text = String(decoding: document.serialized(.compact), as: UTF8.self)
    let references = text.split(separator: "#/components/schemas/").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(references.count > 10)
    for name in Set(references) { #expect(document["components"]?["schemas"]?[String(name)] != nil, "\(name)") }
  }
}
