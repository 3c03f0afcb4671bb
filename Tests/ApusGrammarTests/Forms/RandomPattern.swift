internal import ApusTestSupport

/// A random regular expression over the characters a and -, which tries all ways to match.
indirect enum RandomPattern {
  case character(String, matches: [Character])
  case sequence([RandomPattern])
  case choice([RandomPattern])
  case repetition(RandomPattern, atLeast: Int, atMost: Int?)
  case start
  case end
  case look(RandomPattern, isBehind: Bool, isNegative: Bool)
  case wordBoundary(isNegative: Bool)

  init(depth: Int, looks: Bool, using random: inout SeededGenerator) {
    let kinds = depth == 0 ? 3 : looks ? 11 : 8
    let inner = { (random: inout SeededGenerator) in
      RandomPattern(depth: depth - 1, looks: looks, using: &random)
    }
    switch Int.random(in: 0..<kinds, using: &random) {
    case 0, 1:
      self =
        [.character("a", matches: ["a"]), .character("-", matches: ["-"]), .character(".", matches: ["a", "-"])]
        .randomElement(using: &random) ?? .sequence([])
    case 2: self = Bool.random(using: &random) ? .start : .end
    case 3, 4: self = .sequence((0..<Int.random(in: 0...3, using: &random)).map { _ in inner(&random) })
    case 5: self = .choice((0..<Int.random(in: 1...3, using: &random)).map { _ in inner(&random) })
    case 6, 7:
      let atLeast = Int.random(in: 0...2, using: &random)
      self = .repetition(
        inner(&random), atLeast: atLeast,
        atMost: Bool.random(using: &random) ? nil : atLeast + Int.random(in: 0...2, using: &random))
    case 8: self = .wordBoundary(isNegative: Bool.random(using: &random))
    default:
      self = .look(inner(&random), isBehind: Bool.random(using: &random), isNegative: Bool.random(using: &random))
    }
  }

  var text: String {
    switch self {
    case .character(let text, _): text
    case .sequence(let parts): "(?:" + parts.map(\.text).joined() + ")"
    case .choice(let parts): "(" + parts.map(\.text).joined(separator: "|") + ")"
    case .repetition(let part, let atLeast, let atMost):
      "(?:\(part.text)){\(atLeast),\(atMost.map(String.init) ?? "")}"
    case .start: "^"
    case .end: "$"
    case .look(let part, let isBehind, let isNegative):
      "(?" + (isBehind ? "<" : "") + (isNegative ? "!" : "=") + part.text + ")"
    case .wordBoundary(let isNegative): isNegative ? "(?:\\B)" : "(?:\\b)"
    }
  }

  /// Where a match may end that begins at `start`.
  func ends(in text: [Character], from start: Int) -> Set<Int> {
    switch self {
    case .character(_, let matches): start < text.count && matches.contains(text[start]) ? [start + 1] : []
    case .sequence(let parts):
      parts.reduce([start]) { places, part in Set(places.flatMap { part.ends(in: text, from: $0) }) }
    case .choice(let parts): Set(parts.flatMap { $0.ends(in: text, from: start) })
    case .repetition(let part, let atLeast, let atMost):
      endsOfRepetition(from: start, atLeast: atLeast, atMost: atMost) { part.ends(in: text, from: $0) }
    case .start: start == 0 ? [start] : []
    case .end: start == text.count ? [start] : []
    case .look(let part, let isBehind, let isNegative):
      (isBehind
        ? (0...start).contains { part.ends(in: text, from: $0).contains(start) }
        : !part.ends(in: text, from: start).isEmpty) == isNegative ? [] : [start]
    case .wordBoundary(let isNegative):
      ((start > 0 && text[start - 1] == "a") != (start < text.count && text[start] == "a")) == isNegative ? [] : [start]
    }
  }

  func isFound(in text: [Character]) -> Bool { (0...text.count).contains { !ends(in: text, from: $0).isEmpty } }
}
