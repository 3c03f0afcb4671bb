internal import ApusGrammar

/// Brackets, commas and colons with the white space that may stand beside them.
struct Layout {
  private let space: RegularLanguage?
  /// Whether brackets have no space beside them.
  private let isTight: Bool

  init(_ whiteSpace: JSONSchemaOptions.WhiteSpace) {
    isTight = whiteSpace == .spaces
    switch whiteSpace {
    case .none: space = nil
    case .spaces: space = optional(text(" "))
    case .upTo(let indentation):
      let line = RegularLanguage.concatenation([
        optional(text("\r")), text("\n"),
        .repetition(.byte(ByteSet(" \t".utf8)), atLeast: 0, atMost: max(0, indentation)),
      ])
      space = optional(.union([text(" "), line]))
    }
  }

  private func after(_ mark: RegularLanguage) -> RegularLanguage { space.map { .concatenation([mark, $0]) } ?? mark }

  func opening(_ bracket: StaticString) -> Grammar.Expression {
    .terminal(isTight ? text(bracket) : after(text(bracket)))
  }

  func closing(_ bracket: StaticString) -> Grammar.Expression {
    let space = isTight ? nil : space
    return .terminal(space.map { .concatenation([$0, text(bracket)]) } ?? text(bracket))
  }

  var comma: RegularLanguage { after(text(",")) }

  var colon: RegularLanguage { after(text(":")) }
}
