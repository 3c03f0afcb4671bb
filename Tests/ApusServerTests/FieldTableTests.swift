internal import ApusJSON
internal import ApusServer
internal import Foundation
internal import HTTPTypes
internal import Testing

/// The tables of fields in Docs/API.md, against what the server does with each field.
struct FieldTableTests {
  /// A request to each path that has a table, without the field that is looked at.
  static let requests: [String: JSONValue] = [
    "/v1/messages": ["max_tokens": 1, "messages": [["role": "user", "content": "a"]]],
    "/v1/responses": ["max_output_tokens": 1, "input": "a"],
    "/model/NAME/converse": [
      "messages": [["role": "user", "content": [["text": "a"]]]], "inferenceConfig": ["maxTokens": 1],
    ],
    "/model/meta.NAME/invoke": ["prompt": "a", "max_gen_len": 1],
    "/model/mistral.NAME/invoke": ["prompt": "a", "max_tokens": 1],
    "/model/anthropic.NAME/invoke": ["prompt": "a", "max_tokens_to_sample": 1],
    "/model/ai21.NAME/invoke": ["prompt": "a", "maxTokens": 1],
    "/model/amazon.titan-text/invoke": ["inputText": "a", "textGenerationConfig": ["maxTokenCount": 1]],
    "/model/amazon.titan-embed/invoke": ["inputText": "a"],
    "/model/cohere.embed/invoke": ["texts": ["a"]],
    "/model/amazon.nova/invoke": [
      "messages": [["role": "user", "content": [["text": "a"]]]], "inferenceConfig": ["maxTokens": 1],
    ],
    "/model/NAME/count-tokens": ["input": ["converse": ["messages": [["role": "user", "content": [["text": "a"]]]]]]],
  ]

  @Test(arguments: requests.keys.sorted())
  func `Every field is treated as its table says`(_ path: String) async throws {
    let server = try TestServer(await path.contains("embed") ? TestModel.embedding() : TestModel.quick())
    let rows = try Self.rows(of: path)
    #expect(rows.contains { $0.kind == "honoured" })
    for (kind, field) in rows {
      guard case .object(var body)? = Self.requests[path] else { continue }
      body[field] = ["apus": 1]
      let reply = try await server.post(path, .object(body))
      let ignored = HTTPField.Name("X-Apus-Ignored-Fields").flatMap { reply.headers[$0] } ?? ""
      switch kind {
      case let kind where kind.hasPrefix("honoured") || kind.hasPrefix("checked"):
        // Of objects only some members may be wrong.
        #expect(
          reply.status == 400 ? reply.text.contains(field) : reply.status == 200 && ignored != field,
          "\(field): \(ignored) \(reply.text)")
      case "accepted without effect": #expect(reply.status == 200 && ignored.isEmpty, "\(field): \(reply.text)")
      case "refused":
        #expect(
          reply.status == 400 && reply.text.contains(field) && reply.text.contains("is not supported"),
          "\(field): \(reply.text)")
      case "ignored":
        #expect(reply.status == 200 && ignored == field, "\(field): \(ignored) \(reply.text)")
      default: Issue.record("no such kind: \(kind)")
      }
    }
  }

  /// The fields of a path's table, each with the first cell of its row.
  private static func rows(of path: String) throws -> [(kind: String, field: String)] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let page = try String(contentsOf: root.appending(path: "Docs/API.md"), encoding: .utf8)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    let section = lines.drop { $0 != "### Fields of `\(path)`" }.dropFirst().prefix { !$0.hasPrefix("#") }
    return section.filter { $0.hasPrefix("| ") }.dropFirst().flatMap { line in
      let cells = line.split(separator: "|")
      let kind = String(cells[0].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      // Every second piece between the marks is a name.
      let pieces = cells.count > 1 ? cells[1].split(separator: "`", omittingEmptySubsequences: false) : []
      return pieces.indices.filter { !$0.isMultiple(of: 2) }.map { (kind, String(pieces[$0])) }
    }
  }
}
