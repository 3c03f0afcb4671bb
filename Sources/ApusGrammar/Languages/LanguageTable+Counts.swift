// Languages that short strings cannot tell apart.

extension LanguageTable {
  /// The greatest count that it has outside of intersections and complements; 0 where there is none.
  func greatestCount(_ language: LanguageID) -> Int32 {
    let node = nodes[Int(language)]
    switch node.kind {
    case .concatenation: return max(greatestCount(node.first), greatestCountOfRest(node.second))
    case .union: return operands(of: node).map { greatestCount($0) }.max() ?? 0
    case .repetition:
      let own = node.atMost == LanguageNode.endless ? node.atLeast : node.atMost
      return max(own, greatestCount(node.first))
    default: return 0
    }
  }

  /// A loop, as a text may be long.
  private func greatestCountOfRest(_ language: LanguageID) -> Int32 {
    var result: Int32 = 0
    var rest = language
    while nodes[Int(rest)].kind == .concatenation {
      result = max(result, greatestCount(nodes[Int(rest)].first))
      rest = nodes[Int(rest)].second
    }
    return max(result, greatestCount(rest))
  }

  /// A language of which the same can be read as of this one, for up to `length` bytes.
  ///
  /// Counts of more than `length` are cut, or left out, outside of intersections and complements: as a string of what is counted has
  /// a byte at least, so few bytes do not come to the end of the count.
  mutating func forgettingCounts(_ language: LanguageID, upTo length: Int32) -> LanguageID {
    let node = nodes[Int(language)]
    switch node.kind {
    case .concatenation: return forgettingCounts(ofSequence: language, upTo: length)
    case .union: return union(Array(operands(of: node)).map { forgettingCounts($0, upTo: length) })
    case .repetition:
      let atMost = node.atMost >= length ? LanguageNode.endless : node.atMost
      return repetition(
        forgettingCounts(node.first, upTo: length), atLeast: min(node.atLeast, length + 1), atMost: atMost)
    default: return language
    }
  }

  private mutating func forgettingCounts(ofSequence language: LanguageID, upTo length: Int32) -> LanguageID {
    var parts: [LanguageID] = []
    var rest = language
    while nodes[Int(rest)].kind == .concatenation {
      parts.append(forgettingCounts(nodes[Int(rest)].first, upTo: length))
      rest = nodes[Int(rest)].second
    }
    let last = forgettingCounts(rest, upTo: length)
    return parts.reversed().reduce(last) { sequence(.concatenation, $1, $0) }
  }

  /// A language that has all of its strings: what complements leave out, outside of other complements, is let in.
  ///
  /// Once a text cannot become what a complement leaves out, what is left of both is the same.
  mutating func forgettingComplements(_ language: LanguageID) -> LanguageID {
    guard has(.isBoolean, language) else { return language }
    let node = nodes[Int(language)]
    switch node.kind {
    case .concatenation:
      // What comes after the head is not looked at: it may be long.
      return sequence(.concatenation, forgettingComplements(node.first), node.second)
    case .union: return union(Array(operands(of: node)).map { forgettingComplements($0) })
    case .intersection:
      return intersection(Array(operands(of: node)).filter { nodes[Int($0)].kind != .complement })
    case .complement: return Self.everything
    default: return language
    }
  }
}
