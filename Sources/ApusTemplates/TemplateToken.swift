internal import ApusText

/// A word of the template language with the line where it stands.
struct TemplateToken: Equatable {
  /// What a token is.
  enum Kind: Equatable {
    case data([UInt8])
    case blockBegin, blockEnd, variableBegin, variableEnd
    case name(String)
    case text(TemplateText)
    case int(Int)
    case double(Double)
    case sign(Sign)
    case end
  }

  /// Operators and brackets.
  enum Sign: String, CaseIterable {
    case floorDivide = "//"
    case power = "**"
    case equal = "=="
    case notEqual = "!="
    case greaterOrEqual = ">="
    case lessOrEqual = "<="
    case plus = "+"
    case minus = "-"
    case divide = "/"
    case multiply = "*"
    case remainder = "%"
    case tilde = "~"
    case leftBracket = "["
    case rightBracket = "]"
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBrace = "{"
    case rightBrace = "}"
    case greater = ">"
    case less = "<"
    case assign = "="
    case dot = "."
    case colon = ":"
    case pipe = "|"
    case comma = ","
    case semicolon = ";"
  }

  let kind: Kind
  let line: Int

  /// How error messages name the token.
  var description: String {
    switch kind {
    case .data: "template data / text"
    case .blockBegin: "begin of statement block"
    case .blockEnd: "end of statement block"
    case .variableBegin: "begin of print statement"
    case .variableEnd: "end of print statement"
    case .name(let name): name.shortened(toByteCount: 64, mark: "...")
    case .text: "string"
    case .int: "integer"
    case .double: "float"
    case .sign(let sign): sign.rawValue
    case .end: "end of template"
    }
  }
}
