/// A chat template, compiled once and rendered for every conversation.
///
/// The language is Jinja 3.1 as transformers sets it up: sandboxed and immutable, `trim_blocks`, `lstrip_blocks`, loop
/// controls, the `generation` tag, `tojson`, `raise_exception` and `strftime_now`. Templates come with model files and
/// are not trusted: rendering is bounded in steps, depth and size (`TemplateLimits`), and reads nothing but its context.
package struct ChatTemplate: Sendable {
  private let template: ParsedTemplate

  /// Compiles a template; the cost is linear in its length.
  package init(source: String) throws(TemplateError) {
    template = try TemplateParser.parse(source)
  }

  /// Renders the template with these variables; `clock` is what `strftime_now` tells.
  package func render(
    _ context: [(name: String, value: JSONValue)], clock: TemplateClock? = nil
  ) throws(TemplateError) -> String {
    let interpreter = TemplateInterpreter(names: template.names, clock: clock)
    for (name, value) in context { interpreter.define(name, try TemplateValue(value)) }
    return String(decoding: try interpreter.render(template), as: UTF8.self)
  }
}

extension TemplateValue {
  /// Makes a template's value from JSON; fails on values nested too deep.
  init(_ json: JSONValue, depth: Int = 0) throws(TemplateError) {
    guard depth < TemplateLimits.valueDepth else {
      throw .limit("a variable is nested deeper than \(TemplateLimits.valueDepth)")
    }
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .unsigned(let value): self = .double(Double(value))
    case .double(let value): self = .double(value)
    case .string(let value): self = .text(value)
    case .array(let elements):
      var items: [TemplateValue] = []
      items.reserveCapacity(elements.count)
      for element in elements { items.append(try TemplateValue(element, depth: depth + 1)) }
      self = try .list(items)
    case .object(let object):
      var builder = TemplateDictionaryBuilder()
      for (key, value) in zip(object.keys, object.values) {
        try builder.set(.text(key), try TemplateValue(value, depth: depth + 1))
      }
      self = .dictionary(try builder.build())
    }
  }
}
