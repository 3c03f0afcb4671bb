internal import ApusJSON

/// What we tell a model of tools whose template does not, and how calls of the past are shown to it.
enum ToolsText {
  /// The tools, and how to call them.
  static func text(_ tools: [JSONValue], _ syntax: CallSyntax?) -> String {
    let definitions = tools.map(\.text).joined(separator: "\n")
    let example = syntax.map { written(name: "NAME", arguments: "{\"KEY\": VALUE}", $0) } ?? ""
    return """
      You can call functions. These are their definitions in JSON:
      <tools>
      \(definitions)
      </tools>
      To call one, end your answer with its name and its arguments, in exactly this form:
      \(example)
      """
  }

  /// A call of a message in OpenAI's form; nil where it is none.
  static func written(_ call: JSONValue, _ syntax: CallSyntax) -> String? {
    guard case .string(let name)? = call["function"]?["name"] else { return nil }
    switch call["function"]?["arguments"] {
    case .string(let text)?: return written(name: name, arguments: text, syntax)
    case let value?: return written(name: name, arguments: value.text, syntax)
    case nil: return written(name: name, arguments: "{}", syntax)
    }
  }

  private static func written(name: String, arguments: String, _ syntax: CallSyntax) -> String {
    var body = ""
    switch syntax.shape {
    case .object(let keys):
      let quoted = JSONValue.string(name).text
      body =
        keys.name.map { "{\"\($0)\": \(quoted), \"\(keys.arguments)\": \(arguments)}" } ?? "{\(quoted): \(arguments)}"
    case .named(let named):
      body = named.beforeName + name + named.beforeArguments + arguments + named.afterArguments
    }
    let call = syntax.call.open + body + syntax.call.close
    return syntax.section.open + (syntax.isList ? "[\(call)]" : call) + syntax.section.close
  }
}

extension JSONValue {
  /// The value as JSON text.
  var text: String { String(decoding: serialized(), as: UTF8.self) }
}
