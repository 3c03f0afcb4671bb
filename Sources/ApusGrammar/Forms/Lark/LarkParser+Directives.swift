/// Lines that begin with `%`.
extension LarkParser {
  mutating func directive() throws(GrammarError) {
    let start = scanner.position
    scanner.position += 1
    let word = takeName()
    skipSpace(lines: false)
    switch word {
    case "ignore": grammar.ignored.append(try alternatives())
    case "import": try importCommon(from: start)
    default:
      throw .unsupported(what: "the directive at byte \(start): there are %import common.… and %ignore")
    }
  }

  /// `common.NAME`, `common.NAME -> OTHER` or `common (NAME, …)`.
  private mutating func importCommon(from start: Int) throws(GrammarError) {
    guard takeName() == "common" else {
      throw .unsupported(what: "imports from elsewhere than 'common' (at byte \(start)): write the definitions here")
    }
    skipSpace(lines: false)
    if scanner.take(".") {
      let (name, offset) = try takeTerminalName()
      skipSpace(lines: false)
      guard scanner.take("->") else { return try define(name, asCommon: name, at: offset) }
      skipSpace(lines: false)
      let alias = try takeTerminalName()
      return try define(alias.name, asCommon: name, at: offset)
    }
    guard scanner.take("(") else { throw scanner.error("an import is common.NAME or common (NAME, …)") }
    repeat {
      skipSpace(lines: true)
      let (name, offset) = try takeTerminalName()
      try define(name, asCommon: name, at: offset)
      skipSpace(lines: true)
    } while scanner.take(",")
    guard scanner.take(")") else { throw scanner.error("this list of imports is not closed: add a ')'", at: start) }
  }

  private mutating func takeTerminalName() throws(GrammarError) -> (name: String, offset: Int) {
    let offset = scanner.position
    guard let name = takeName(), LarkGrammar.isTerminal(name) else {
      throw scanner.error("a terminal's name in upper case is expected here", at: offset)
    }
    return (name, offset)
  }

  private mutating func define(_ name: String, asCommon common: String, at offset: Int) throws(GrammarError) {
    guard let pattern = Self.commonTerminals[common] else {
      throw .unsupported(what: "this terminal of 'common' (at byte \(offset)): write its definition here")
    }
    let expression = LarkExpression.pattern(try RegularExpression(pattern), offset: offset)
    grammar.definitions.append(LarkGrammar.Definition(name: name, offset: offset, expression: expression))
  }

  /// The terminals that come with Lark, as what they match where Lark takes the shortest or the longest text.
  private static let commonTerminals: [String: String] = [
    "DIGIT": "[0-9]",
    "HEXDIGIT": "[0-9A-Fa-f]",
    "INT": "[0-9]+",
    "SIGNED_INT": "[+-]?[0-9]+",
    "DECIMAL": "[0-9]+\\.[0-9]*|\\.[0-9]+",
    "FLOAT": "[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?",
    "SIGNED_FLOAT": "[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)",
    "NUMBER": "([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?",
    "SIGNED_NUMBER": "[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?",
    "ESCAPED_STRING": "\"([^\"\\\\\\n]|\\\\[^\\n])*\"",
    "LCASE_LETTER": "[a-z]",
    "UCASE_LETTER": "[A-Z]",
    "LETTER": "[A-Za-z]",
    "WORD": "[A-Za-z]+",
    "CNAME": "[A-Za-z_][A-Za-z0-9_]*",
    "WS_INLINE": "[ \\t]+",
    "WS": "[ \\t\\f\\r\\n]+",
    "CR": "\\r",
    "LF": "\\n",
    "NEWLINE": "(\\r?\\n)+",
    "SH_COMMENT": "#[^\\n]*",
    "CPP_COMMENT": "\\/\\/[^\\n]*",
    "C_COMMENT": "\\/\\*([^*]|\\*+[^*\\/])*\\*+\\/",
    "SQL_COMMENT": "--[^\\n]*",
  ]
}
