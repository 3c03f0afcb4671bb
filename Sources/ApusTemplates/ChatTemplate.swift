package import ApusJSON
package import ApusText

/// A chat template, compiled once and rendered for every conversation.
///
/// The language is Jinja 3.1 as transformers sets it up: sandboxed and immutable, `trim_blocks`, `lstrip_blocks`, loop
/// controls, the `generation` tag, `tojson`, `raise_exception` and `strftime_now`. Templates come with model files and
/// are not trusted: rendering is bounded in steps, depth and size (`TemplateLimits`), and reads only its context.
package struct ChatTemplate: Sendable {
  private let template: ParsedTemplate

  /// Compiles a template; the cost is linear in its length.
  package init(source: String) throws(TemplateError) {
    do throws(TemplateError) {
      template = try TemplateParser.parse(source)
    } catch {
      throw error.kind == .syntax && GoTemplate.resembles(source) ? GoTemplate.error : error
    }
  }

  /// Renders the template with these variables; `clock` is what `strftime_now` tells.
  ///
  /// The texts of all variables count as messages, but for `bos_token`, `eos_token` and the well-known roles of
  /// `messages`: those are the template's words. `shouldStop` is asked about every millisecond and ends the rendering
  /// with an error of the kind `stopped`. `steps` is a bound of the caller's in place of the usual one.
  package func render(
    _ context: [(name: String, value: JSONValue)], clock: TemplateClock? = nil, steps: Int? = nil,
    shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(TemplateError) -> PromptText {
    var variables: [(name: String, value: TemplateValue)] = []
    var weight = 0
    for (name, value) in context {
      let value = try TemplateValue(variable: name, value)
      weight += value.weight
      variables.append((name, value))
    }
    let steps = steps ?? TemplateLimits.steps(contextByteCount: weight)
    let budget = TemplateBudget(steps: steps, shouldStop: shouldStop)
    let interpreter = TemplateInterpreter(names: template.names, budget: budget, clock: clock)
    for (name, value) in variables { interpreter.define(name, value) }
    return PromptText(try interpreter.render(template))
  }
}

extension PromptText {
  /// The prompt that a rendering made.
  fileprivate init(_ text: TemplateText) {
    var ranges: [Range<Int>] = []
    text.origin.forEachRun(text.byteCount) { range, author in
      if author == .template { ranges.append(range) }
    }
    self.init(utf8: text.utf8, templateRanges: ranges)
  }
}

extension TemplateValue {
  /// The roles that templates may write into control tokens, as in `<|` + role + `|>`; any other is a message's text.
  private static let roles: Set<String> = [
    "system", "developer", "user", "assistant", "tool", "function", "ipython", "model", "observation", "environment",
  ]

  /// Makes the value of a variable from JSON; fails on values nested too deep.
  fileprivate init(variable name: String, _ json: JSONValue) throws(TemplateError) {
    switch name {
    case "bos_token", "eos_token": self = try TemplateValue(json, by: .template)
    case "messages": self = try TemplateValue(messages: json)
    default: self = try TemplateValue(json, by: .message)
    }
  }

  /// Makes a template's value from the messages of a conversation; fails on values nested too deep.
  init(messages json: JSONValue) throws(TemplateError) {
    guard case .array(let elements) = json else {
      self = try TemplateValue(json, by: .message)
      return
    }
    var messages: [TemplateValue] = []
    messages.reserveCapacity(elements.count)
    for element in elements {
      guard case .object(let message) = element else {
        messages.append(try TemplateValue(element, by: .message, depth: 1))
        continue
      }
      var members = TemplateMembers()
      for (key, value) in zip(message.keys, message.values) {
        var author = TextAuthor.message
        if key == "role", case .string(let role) = value, Self.roles.contains(role) { author = .template }
        try members.set(.text(key, by: .message), try TemplateValue(value, by: author, depth: 2))
      }
      messages.append(.dictionary(try TemplateDictionary(members)))
    }
    self = try .list(messages)
  }

  /// Makes a template's value from JSON whose texts are all by `author`; fails on values nested too deep.
  init(_ json: JSONValue, by author: TextAuthor, depth: Int = 0) throws(TemplateError) {
    guard depth < TemplateLimits.valueDepth else {
      throw .limit("a variable is nested deeper than \(TemplateLimits.valueDepth)")
    }
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .unsigned(let value): self = .double(Double(value))
    case .double(let value): self = .double(value)
    case .string(let value): self = .text(value, by: author)
    case .array(let elements):
      var items: [TemplateValue] = []
      items.reserveCapacity(elements.count)
      for element in elements { items.append(try TemplateValue(element, by: author, depth: depth + 1)) }
      self = try .list(items)
    case .object(let object):
      var members = TemplateMembers()
      for (key, value) in zip(object.keys, object.values) {
        try members.set(.text(key, by: author), try TemplateValue(value, by: author, depth: depth + 1))
      }
      self = .dictionary(try TemplateDictionary(members))
    }
  }
}
