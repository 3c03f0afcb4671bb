internal import ApusGrammar

/// Whether a text is of a grammar, by trying everything: slow and obviously right.
struct NaiveRecogniser {
  let grammar: Grammar
  private let text: [UInt8]
  /// For each rule and place, where the rule can end; grows until nothing new is found.
  private var ends: [[Set<Int>]]

  static func accepts(_ text: [UInt8], _ grammar: Grammar) -> Bool {
    var recogniser = NaiveRecogniser(grammar: grammar, text: text)
    return recogniser.run()
  }

  private init(grammar: Grammar, text: [UInt8]) {
    self.grammar = grammar
    self.text = text
    ends = Array(repeating: Array(repeating: [], count: text.count + 1), count: grammar.rules.count)
  }

  private mutating func run() -> Bool {
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for (rule, definition) in grammar.rules.enumerated() {
        guard let expression = definition.expression else { continue }
        for place in 0...text.count {
          let found = self.ends(of: expression, at: place)
          if !found.isSubset(of: ends[rule][place]) {
            ends[rule][place].formUnion(found)
            hasChanged = true
          }
        }
      }
    }
    return ends[grammar.root.index][0].contains(text.count)
  }

  private func ends(of expression: Grammar.Expression, at place: Int) -> Set<Int> {
    switch expression {
    case .terminal(let language): ends(of: language, at: place)
    case .rule(let rule): ends[rule.index][place]
    case .sequence(let parts):
      parts.reduce([place]) { places, part in places.reduce(into: []) { $0.formUnion(ends(of: part, at: $1)) } }
    case .choice(let parts): parts.reduce(into: []) { $0.formUnion(ends(of: $1, at: place)) }
    case .repetition(let part, let atLeast, let atMost):
      repeated(from: place, atLeast, atMost) { ends(of: part, at: $0) }
    case .members(let list):
      ends(of: list, at: place, left: Set(list.members.indices), pending: list.demands, count: 0)
    }
  }

  /// Where a list can end of which some members have been read.
  private func ends(
    of list: MemberList, at place: Int, left: Set<Int>, pending: UInt32, count: Int
  ) -> Set<Int> {
    let isWhole =
      pending == 0 && count >= list.atLeast && !left.contains { list.members[$0].isRequired }
    var result: Set<Int> = isWhole ? [place] : []
    guard count < list.atMost ?? .max else { return result }
    let places = count == 0 ? [place] : ends(of: list.separator, at: place)
    for member in left.sorted() {
      let isNext = left.allSatisfy { $0 >= member || !list.members[$0].isRequired }
      guard isNext || !list.keepsOrder else { continue }
      let rest = left.filter { list.keepsOrder ? $0 > member : $0 != member }
      for way in list.members[member].ways {
        for end in places.flatMap({ ends(of: way.expression, at: $0) }) {
          result.formUnion(ends(of: list, at: end, left: rest, pending: pending & ~way.meets, count: count + 1))
        }
      }
    }
    if list.keepsOrder, left.contains(where: { list.members[$0].isRequired }) { return result }
    for way in list.others {
      for end in places.flatMap({ ends(of: way.expression, at: $0) }) {
        result.formUnion(
          ends(of: list, at: end, left: list.keepsOrder ? [] : left, pending: pending & ~way.meets, count: count + 1))
      }
    }
    return result
  }

  private func ends(of language: RegularLanguage, at place: Int) -> Set<Int> {
    switch language {
    case .byte(let set): place < text.count && set.contains(text[place]) ? [place + 1] : []
    case .string(let bytes): text[place...].starts(with: bytes) ? [place + bytes.count] : []
    case .concatenation(let parts):
      parts.reduce([place]) { places, part in places.reduce(into: []) { $0.formUnion(ends(of: part, at: $1)) } }
    case .union(let parts): parts.reduce(into: []) { $0.formUnion(ends(of: $1, at: place)) }
    case .intersection(let parts):
      parts.reduce(Set(place...text.count)) { $0.intersection(ends(of: $1, at: place)) }
    case .complement(let part): Set(place...text.count).subtracting(ends(of: part, at: place))
    case .repetition(let part, let atLeast, let atMost):
      repeated(from: place, atLeast, atMost) { ends(of: part, at: $0) }
    }
  }

  private func repeated(from place: Int, _ atLeast: Int, _ atMost: Int?, _ once: (Int) -> Set<Int>) -> Set<Int> {
    var result: Set<Int> = []
    var places: Set<Int> = [place]
    // More rounds than the text has bytes bring nothing new but empty ones, which may be as many as one likes.
    for round in 0...max(atLeast, text.count + 1) {
      if round > atMost ?? .max { break }
      if round >= atLeast { result.formUnion(places) }
      places = places.reduce(into: []) { $0.formUnion(once($1)) }
    }
    return result
  }
}
