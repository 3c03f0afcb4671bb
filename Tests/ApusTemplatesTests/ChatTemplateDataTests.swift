internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import ApusText
internal import Foundation
internal import Testing

/// The reference renderings: whatever the data folder holds.
@Suite struct ChatTemplateDataTests {
  private static func json(_ name: String) throws -> JSONValue? {
    guard let file = TestData.files(in: "chat_templates", suffix: name).first else {
      #expect(!TestData.isRequired, "the reference data has no chat_templates/\(name)")
      return nil
    }
    return try JSONParser.parse(Array(try Data(contentsOf: file)))
  }

  @Test func everyReferenceConversationRendersToTheSameBytes() throws {
    guard let data = try Self.json("chat_templates.json"), let folder = TestData.folder else { return }
    let clock = TemplateClock(iso8601: data["now"]?.text ?? "")
    var count = 0
    for entry in data["templates"]?.elements ?? [] {
      let file = folder.appendingPathComponent("chat_templates/\(entry["template_file"]?.text ?? "")")
      let template = try ChatTemplate(source: String(decoding: try Data(contentsOf: file), as: UTF8.self))
      for expected in entry["cases"]?.elements ?? [] {
        count += 1
        let name = expected["conversation"]?.text ?? ""
        var context: [(name: String, value: JSONValue)] = [("tools", .null)]
        context += data["conversations"]?[name]?.members ?? []
        for key in ["bos_token", "eos_token"] { context.append((key, entry[key] ?? .null)) }
        context.append(("add_generation_prompt", expected["add_generation_prompt"] ?? false))
        expect(expected, "\(entry["name"]?.text ?? "") on \(name)") { () throws(TemplateError) in
          try template.render(context, clock: clock).string
        }
      }
    }
    #expect(count > 0)
  }

  @Test func everyReferenceCaseOfOneFeatureRendersToTheSameBytes() throws {
    guard let data = try Self.json("jinja_cases.json") else { return }
    let clock = TemplateClock(iso8601: data["now"]?.text ?? "")
    let cases = data["cases"]?.elements ?? []
    #expect(!cases.isEmpty)
    for expected in cases {
      let source = expected["template"]?.text ?? ""
      expect(expected, source) { () throws(TemplateError) in
        try ChatTemplate(source: source).render(data["context"]?.members ?? [], clock: clock).string
      }
    }
  }

  /// Compares a rendering with the output or error that the data gives for it.
  private func expect(
    _ expected: JSONValue, _ name: String, _ render: () throws(TemplateError) -> String
  ) {
    do {
      let output = try render()
      guard let text = expected["output"]?.text else {
        Issue.record("\(name): rendered, but Jinja fails with \(expected["message"]?.text ?? "")")
        return
      }
      #expect(output.utf8.elementsEqual(text.utf8), "\(name): got \(output.debugDescription)")
    } catch {
      guard let kind = expected["error"]?.text else {
        Issue.record("\(name): \(error)")
        return
      }
      switch kind {
      case "raise_exception":
        #expect(error.kind == .raised, "\(name)")
        #expect(error.message == expected["message"]?.text, "\(name)")
      case "syntax": #expect(error.kind == .syntax, "\(name): \(error)")
      default: #expect(error.kind == .runtime, "\(name): \(error)")
      }
    }
  }
}
