internal import ApusGrammar

/// Small grammars over three letters: ambiguous, recursive in every way, often without a text.
struct RandomGrammars {
  /// The bytes that each letter stands for.
  private let letters: [ClosedRange<UInt8>]
  private var generator: Generator

  /// SplitMix64.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  init(seed: UInt64, letters: [ClosedRange<UInt8>] = [97...97, 98...98, 99...99]) {
    self.letters = letters
    generator = Generator(state: seed)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func grammar() -> Grammar {
    var grammar = Grammar()
    let rules = (0..<number(1...4)).map { grammar.declare("r\($0)") }
    for rule in rules { grammar.define(rule, as: expression(rules, depth: 3)) }
    return grammar
  }

  private mutating func expression(_ rules: [Grammar.RuleID], depth: Int) -> Grammar.Expression {
    switch number(0...(depth == 0 ? 3 : 10)) {
    case 0...1: return .terminal(language(depth: 1))
    case 10: return .members(members(rules))
    case 2...3: return .rule(rules[number(0...rules.count - 1)])
    case 4...6: return .sequence((0..<number(0...3)).map { _ in expression(rules, depth: depth - 1) })
    case 7...8: return .choice((0..<number(0...3)).map { _ in expression(rules, depth: depth - 1) })
    default:
      let (atLeast, atMost) = counts()
      return .repetition(expression(rules, depth: depth - 1), atLeast: atLeast, atMost: atMost)
    }
  }

  /// A list whose members begin with a byte, so that none may be empty.
  private mutating func members(_ rules: [Grammar.RuleID]) -> MemberList {
    func ways(_ generator: inout RandomGrammars) -> [MemberList.Way] {
      (0..<generator.number(0...2)).map { _ in
        let first = Grammar.Expression.terminal(.byte(ByteSet(Array("ab".utf8.prefix(generator.number(1...2))))))
        return MemberList.Way(
          .sequence([first, generator.expression(rules, depth: 0)]), meets: UInt32(generator.number(0...3)))
      }
    }
    var list = MemberList(
      (0..<number(0...3)).map { _ in
        let ways = ways(&self)
        return MemberList.Member(ways, isRequired: number(0...2) == 0)
      },
      others: number(0...2) == 0 ? ways(&self) : [], separator: .literal("c".utf8))
    if number(0...2) == 0 { (list.atLeast, list.atMost) = counts() }
    if number(0...2) == 0 { list.demands = UInt32(number(0...3)) }
    list.keepsOrder = number(0...1) == 0
    return list
  }

  mutating func language(depth: Int) -> RegularLanguage {
    switch number(0...(depth == 0 ? 2 : 9)) {
    case 0...2: return .byte(ByteSet((0..<number(1...2)).flatMap { _ in letters[number(0...2)] }))
    case 3...4: return .concatenation((0..<number(0...3)).map { _ in language(depth: depth - 1) })
    case 5: return .union((0..<number(0...3)).map { _ in language(depth: depth - 1) })
    case 6: return .intersection((0..<number(0...3)).map { _ in language(depth: depth - 1) })
    case 7: return .complement(language(depth: depth - 1))
    default:
      let (atLeast, atMost) = counts()
      return .repetition(language(depth: depth - 1), atLeast: atLeast, atMost: atMost)
    }
  }

  private mutating func counts() -> (Int, Int?) {
    let atLeast = number(0...2)
    return (atLeast, number(0...2) == 0 ? nil : atLeast + number(-1...2))
  }
}
