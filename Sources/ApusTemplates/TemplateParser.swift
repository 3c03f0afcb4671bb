/// A template ready to be rendered.
struct ParsedTemplate: Sendable {
  let body: [TemplateStatement]
  /// The variables' names by number.
  let names: [String]
}

/// Turns tokens into statements: Jinja's grammar without inheritance and includes.
struct TemplateParser {
  private let tokens: [TemplateToken]
  private var position = 0
  private var depth = 0
  private var names: [String] = []
  private var numbers: [String: Int] = [:]
  /// The special variables that the macro being read has used so far.
  var specials = TemplateSpecials()
  /// The statements that are open, for messages.
  var openTags: [String] = []
  /// How many loops of the present macro are open: `break` needs one.
  var loopDepth = 0

  static func parse(_ source: String) throws(TemplateError) -> ParsedTemplate {
    guard source.utf8.count <= TemplateLimits.sourceByteCount else {
      throw .limit("the template is larger than \(TemplateLimits.sourceByteCount) bytes")
    }
    var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
    let body = try parser.statements(until: [])
    return ParsedTemplate(body: body, names: parser.names)
  }

  private init(tokens: [TemplateToken]) { self.tokens = tokens }

  // MARK: Tokens

  var current: TemplateToken { tokens[position] }
  var next: TemplateToken { tokens[min(position + 1, tokens.count - 1)] }

  mutating func advance() { position = min(position + 1, tokens.count - 1) }

  func error(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: current.line) }

  func isAt(_ sign: TemplateToken.Sign) -> Bool { current.kind == .sign(sign) }
  func isAt(word: String) -> Bool {
    if case .name(let name) = current.kind { name == word } else { false }
  }

  mutating func skip(_ sign: TemplateToken.Sign) -> Bool {
    guard isAt(sign) else { return false }
    advance()
    return true
  }

  mutating func skip(word: String) -> Bool {
    guard isAt(word: word) else { return false }
    advance()
    return true
  }

  private func unexpected(_ expected: String) -> TemplateError {
    if current.kind == .end { return error("unexpected end of template, expected '\(expected)'.") }
    return error("expected token '\(expected)', got '\(current.description)'")
  }

  mutating func expect(_ sign: TemplateToken.Sign) throws(TemplateError) {
    guard skip(sign) else { throw unexpected(sign.rawValue) }
  }

  mutating func expect(word: String) throws(TemplateError) {
    guard skip(word: word) else { throw unexpected(word) }
  }

  mutating func expect(_ kind: TemplateToken.Kind) throws(TemplateError) {
    guard current.kind == kind else {
      throw unexpected(TemplateToken(kind: kind, line: 0).description)
    }
    advance()
  }

  mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = current.kind else { throw unexpected("name") }
    advance()
    return name
  }

  // MARK: Names and depth

  mutating func variable(_ text: String) -> TemplateName {
    if let number = numbers[text] { return TemplateName(number: number, text: names[number]) }
    numbers[text] = names.count
    names.append(text)
    return TemplateName(number: names.count - 1, text: text)
  }

  mutating func enter() throws(TemplateError) {
    guard depth < TemplateLimits.syntaxDepth else {
      throw TemplateError(.limit, "nested deeper than \(TemplateLimits.syntaxDepth)", line: current.line)
    }
    depth += 1
  }

  mutating func leave() { depth -= 1 }
}
