internal import ApusJSON
internal import ApusServer
internal import Foundation
internal import HTTPTypes
internal import Testing

/// The tables of Ollama's fields in Docs/API.md, against what the server does with each.
struct OllamaFieldTests {
  private static let requests: [String: JSONValue] = [
    "/api/generate": ["prompt": "a", "stream": false, "options": ["num_predict": 1]],
    "/api/chat": [
      "messages": [["role": "user", "content": "a"]], "stream": false, "options": ["num_predict": 1],
    ],
    "/api/embed": ["input": ""],
  ]

  /// The names of the rows below a heading, by what becomes of them.
  private static func rows(below heading: String) throws -> [(kind: String, name: String)] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("Docs/API.md"), encoding: .utf8)
    var rows: [(String, String)] = []
    var isInside = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#") { isInside = line == "### " + heading }
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard isInside, line.hasPrefix("| "), cells.count == 2 else { continue }
      let names = cells[1].split(separator: "`", omittingEmptySubsequences: false).enumerated()
      rows += names.filter { $0.offset % 2 == 1 }.map { (cells[0], String($0.element)) }
    }
    return rows
  }

  @Test(arguments: requests.keys.sorted())
  func `Every field is treated as its table says`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let rows = try Self.rows(below: "Fields of `\(path)`")
    #expect(rows.count >= 6)
    for (kind, name) in rows {
      guard case .object(var body)? = Self.requests[path] else { continue }
      body[name] = ["apus": 1]
      let reply = try await server.post(path, .object(body))
      let isIgnored = reply.headers[try #require(HTTPField.Name("X-Apus-Ignored-Fields"))] == name
      #expect(!isIgnored, "\(name)")
      if name == "format" || name == "options" { continue }
      #expect(reply.status == 400 && reply.json["error"]?.string?.contains(name) == true, "\(name): \(reply.text)")
      if kind == "refused", name != "images" { #expect(reply.text.contains("not supported"), "\(reply.text)") }
    }
  }

  @Test func `Every option is treated as its table says`() async throws {
    let server = try TestServer(await TestModel.quick())
    let rows = try Self.rows(below: "Names in `options`")
    #expect(rows.count > 30)
    for (kind, name) in rows {
      for value in [.string("x"), .int(3), .bool(true), .double(0.5)] as [JSONValue] {
        let options = JSONValue.object(JSONObject([("num_predict", 1), (name, value)]))
        let reply = try await server.post(
          "/api/chat", ["messages": [["role": "user", "content": "a"]], "options": options])
        let isRefusedType = reply.json["error"]?.string?.hasPrefix("option \"\(name)\" must be of type") == true
        switch kind {
        case "accepted without effect": #expect(reply.status == 200 || isRefusedType, "\(name): \(reply.text)")
        case "refused": #expect(reply.status == 400 || value == true, "\(name): \(reply.text)")
        default: #expect(reply.status == 200 || reply.json["error"]?.string?.contains(name) == true, "\(name)")
        }
        if value == "x" { #expect(isRefusedType, "\(name): \(reply.text)") }
      }
    }
  }
}
