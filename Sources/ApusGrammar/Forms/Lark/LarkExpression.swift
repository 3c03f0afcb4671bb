/// What a rule or a terminal of a Lark grammar is defined as, before anybody knows what its names mean.
indirect enum LarkExpression: Sendable {
  case string(String, ignoringCase: Bool)
  /// `"a".."z"`.
  case range(ScalarSet)
  /// A regular expression between slashes, and where it begins.
  case pattern(RegularExpression, offset: Int)
  /// A rule or a terminal, and where it is named.
  case name(String, offset: Int)
  case sequence([LarkExpression])
  case choice([LarkExpression])
  case repetition(LarkExpression, RepetitionCounts)
}

/// A Lark grammar as it was read.
struct LarkGrammar: Sendable {
  struct Definition: Sendable {
    let name: String
    let offset: Int
    let expression: LarkExpression
  }

  var definitions: [Definition] = []
  /// What may stand between all terminals.
  var ignored: [LarkExpression] = []
  var byteCount = 0

  /// Whether a name is one of a terminal: its first letter is upper case.
  static func isTerminal(_ name: String) -> Bool {
    name.utf8.first { $0 != UInt8(ascii: "_") }.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 } ?? false
  }
}
