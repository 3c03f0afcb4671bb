internal import ApusChat
internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// The reference data on tool calls: `tool_calls` in the data folder.
struct ToolCallData {
  /// One family of models, and the format recognised for it.
  struct Family {
    var name: String
    var source: String
    var template: ChatTemplate
    var line: JSONValue
    var format: TurnFormat
  }

  var families: [String: Family] = [:]
  var prompts: [JSONValue] = []
  var outputs: [JSONValue] = []
  private var tools: JSONValue = .null

  /// Loads all of it; nil where there is no reference data, which is a failure in CI.
  static func load() throws -> ToolCallData? {
    guard let folder = TestData.folder?.appendingPathComponent("tool_calls"),
      FileManager.default.fileExists(atPath: folder.path)
    else {
      #expect(!TestData.isRequired, "the reference data has no tool_calls")
      return nil
    }
    var data = ToolCallData()
    data.tools = try JSONParser.parse(Array(try Data(contentsOf: folder.appendingPathComponent("tools.json"))))
    let bytes = Array(try Data(contentsOf: folder.appendingPathComponent("cases.jsonl")))
    for line in bytes.split(separator: 0x0A) {
      let value = try JSONParser.parse(Array(line))
      switch value["kind"]?.text {
      case "family": try data.add(value, folder)
      case "prompt": data.prompts.append(value)
      default: data.outputs.append(value)
      }
    }
    return data
  }

  private mutating func add(_ line: JSONValue, _ folder: URL) throws {
    let name = line["family"]?.text ?? ""
    let file = folder.appendingPathComponent("templates/\(line["template"]?.text ?? "")")
    let source = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    let template = try ChatTemplate(source: source)
    families[name] = Family(
      name: name, source: source, template: template, line: line,
      format: TurnFormat(
        source: source, template: template, beginning: line["bos_token"]?.text, end: line["eos_token"]?.text))
  }

  /// A list of tools.
  func tools(named name: String) -> [JSONValue] { tools[name]?.elements ?? [] }

  /// The tools of a case.
  func tools(of entry: JSONValue) -> [JSONValue] { entry["tools"]?.text.map { tools[$0]?.elements ?? [] } ?? [] }
}
