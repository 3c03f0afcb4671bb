internal import Apus
internal import ApusJSON

/// What Ollama's API shows of how a model is set up: its parts, and all of them as the text that makes such a model.
struct Modelfile {
  private let source: String
  private let system: String
  private let template: String
  private let licences: [String]
  /// Options by name, one entry for each value.
  private let parameters: [(name: String, value: String)]
  private let messages: [ChatMessage]
  private let adapters: [String]

  /// Of the model `source` and what was `made` of it; the rest is what the model has itself.
  init(
    _ source: String, _ made: MadeModel?, usual: [(String, String)], template: String?, licence: String?
  ) {
    self.source = source
    system = made?.system ?? ""
    self.template = made?.template ?? template ?? ""
    let own = made?.licences ?? []
    licences = own.isEmpty ? [licence].compactMap { $0 } : own
    messages = made?.messages ?? []
    adapters = made?.adapters ?? []
    let given = made?.parameters ?? JSONObject()
    parameters =
      usual.filter { given[$0.0] == nil }.map { (name: $0, value: $1) }
      + zip(given.keys, given.values).flatMap { name, value in Self.texts(value).map { (name: name, value: $0) } }
  }

  /// The members of an answer.
  var members: JSONMembers {
    var members: JSONMembers = [
      ("license", .string(licences.joined(separator: "\n"))), ("modelfile", .string(text)),
      ("parameters", .string(parameters.map { "\($0.name) \($0.value)" }.joined(separator: "\n"))),
      ("template", .string(template)),
    ]
    if !system.isEmpty { members.append(("system", .string(system))) }
    if !messages.isEmpty {
      members.append(
        ("messages", .array(messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })))
    }
    return members
  }

  private var text: String {
    var lines = ["FROM \(source)"]
    if !template.isEmpty { lines.append("TEMPLATE " + Self.quoted(template)) }
    if !system.isEmpty { lines.append("SYSTEM " + Self.quoted(system)) }
    lines += parameters.map { "PARAMETER \($0.name) \($0.value)" }
    lines += adapters.map { "ADAPTER \($0)" }
    lines += licences.map { "LICENSE " + Self.quoted($0) }
    lines += messages.map { "MESSAGE \($0.role.rawValue) " + Self.quoted($0.content) }
    return lines.joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String { "\"\"\"\(text)\"\"\"" }

  /// The values of an option, as a line has them.
  private static func texts(_ value: JSONValue) -> [String] {
    if case .array(let values) = value { return values.flatMap(texts) }
    return [String(decoding: value.serialized(.compact), as: UTF8.self)]
  }
}
