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
  ///
  /// `shouldStop` is asked about every millisecond and ends the rendering with an error of the kind `stopped`.
  package func render(
    _ context: [(name: String, value: JSONValue)], clock: TemplateClock? = nil,
    shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(TemplateError) -> String {
    var variables: [(name: String, value: TemplateValue)] = []
    var weight = 0
    for (name, value) in context {
      let value = try TemplateValue(value)
      weight += value.weight
      variables.append((name, value))
    }
    let budget = TemplateBudget(steps: TemplateLimits.steps(contextByteCount: weight), shouldStop: shouldStop)
    let interpreter = TemplateInterpreter(names: template.names, budget: budget, clock: clock)
    for (name, value) in variables { interpreter.define(name, value) }
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
    case .double(let value): self = .double(value)
    case .string(let value): self = .text(value)
    case .array(let elements):
      var items: [TemplateValue] = []
      items.reserveCapacity(elements.count)
      for element in elements { items.append(try TemplateValue(element, depth: depth + 1)) }
      self = try .list(items)
    case .object(let object):
      var members = TemplateMembers()
      for (key, value) in zip(object.keys, object.values) {
        try members.set(.text(key), try TemplateValue(value, depth: depth + 1))
      }
      self = .dictionary(try TemplateDictionary(members))
    }
  }
}
