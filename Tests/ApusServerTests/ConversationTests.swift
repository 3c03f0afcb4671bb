internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

struct ConversationTests {
  private static let path = "/apus/conversations"

  private static func server(_ folder: borrowing TemporaryFolder) async throws -> TestServer {
    let store = try SQLiteStore(path: folder.path("store"))
    return try TestServer(await TestModel.quick()) { $0.store = store }
  }

  @Test func `A conversation is kept, listed, given back as it was, and dropped`() async throws {
    let folder = try TemporaryFolder()
    let server = try await Self.server(folder)
    let body = #"{"title":"birds","messages":[{"role":"user","content":"é"}],"more":1}"#
    let kept = try await server.send(.put, Self.path + "/a-1_B", body: Array(body.utf8))
    #expect(kept.status == 204)
    #expect(try await server.send(.get, Self.path + "/a-1_B").text == body)
    let list = try await server.send(.get, Self.path).json["conversations"]
    guard case .array(let entries)? = list, let updated = entries.first?["updated"]?.intValue else {
      Issue.record("no list")
      return
    }
    #expect(entries.count == 1)
    #expect(entries[0]["id"] == "a-1_B")
    #expect(entries[0]["title"] == "birds")
    #expect(try await server.send(.get, Self.path + "?before=\(updated)").json["conversations"] == [])
    #expect(try await server.send(.delete, Self.path + "/a-1_B").status == 204)
    #expect(try await server.send(.get, Self.path + "/a-1_B").status == 404)
    #expect(try await server.send(.delete, Self.path + "/a-1_B").status == 404)
  }

  @Test(arguments: [
    ("x", "[]"), ("x", "{"), ("x", "{}"), ("x", #"{"messages":1}"#), ("x", #"{"messages":[],"title":1}"#),
    ("a.b", #"{"messages":[]}"#), ("%2e%2e", #"{"messages":[]}"#),
    (String(repeating: "a", count: 65), #"{"messages":[]}"#),
  ])
  func `What is no conversation is refused`(_ id: String, _ body: String) async throws {
    let folder = try TemporaryFolder()
    let reply = try await Self.server(folder).send(.put, Self.path + "/" + id, body: Array(body.utf8))
    #expect(reply.status == 400)
    #expect(reply.isAPIError)
  }

  @Test func `A server without a store says so`() async throws {
    let server = try TestServer(await TestModel.quick())
    for (method, path) in [(HTTPRequest.Method.get, Self.path), (.get, Self.path + "/a"), (.delete, Self.path + "/a")] {
      let reply = try await server.send(method, path)
      #expect(reply.status == 503)
      #expect(reply.json["error"]?["code"] == "store_unavailable")
    }
  }

  @Test func `A browser gets the page, all else a line of text`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["key"] }
    let page = try await server.send(.get, "/", headers: [.accept: "text/html,*/*"])
    #expect(page.status == 200)
    #expect(page.text.contains("<!doctype html>"))
    #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
    #expect(try await server.send(.get, "/").text == "Apus is running\n")
    for part in page.text.split(separator: "\"") where part.hasPrefix("page/") {
      #expect(try await server.send(.get, "/" + part).status == 200)
    }
    #expect(try await server.send(.get, "/apus/status").status == 401)
    #expect(try await server.send(.get, "/apus/conversations").status == 401)
  }
}

extension JSONValue {
  fileprivate var intValue: Int? { if case .int(let value) = self { value } else { nil } }
}
