// Whether a language with intersections or complements has a string.

extension LanguageTable {
  /// Whether it has a string.
  ///
  /// Looks for one, the most promising way first. What no search within `searchLimit` and `searchSteps` finds counts as nothing, now and
  /// later: every language that was found alive has a way to a string on which all languages were, so a text still has
  /// a way to its end.
  mutating func isLive(_ language: LanguageID) -> Bool {
    if !has(.isBoolean, language) || has(.nullable, language) { return language != Self.nothing }
    if let known = liveness[language] { return known }
    if isLiveAtOnce(language) {
      liveness[language] = true
      return true
    }
    var cameFrom: [LanguageID: LanguageID] = [language: -1]
    var waiting = [language]
    let lastStep = work + searchSteps
    while let next = waiting.popLast() {
      guard liveness[next] == nil else { continue }
      if cameFrom.count > searchLimit || work > lastStep {
        gaveUp = true
        liveness[language] = false
        return false
      }
      var found: [LanguageID] = []
      for `class` in 0..<classes.count {
        let after = uncheckedDerivative(next, `class`)
        guard after != Self.nothing, cameFrom[after] == nil else { continue }
        cameFrom[after] = next
        if isKnownToLive(after) {
          markWay(to: after, cameFrom)
          return true
        }
        found.append(after)
      }
      waiting += found.sorted { shortest[Int($0)] > shortest[Int($1)] }
    }
    for visited in cameFrom.keys { liveness[visited] = false }
    return false
  }

  /// Whether it has strings of any length, of which only some of bounded length are left out.
  private func isLiveAtOnce(_ language: LanguageID) -> Bool {
    let node = nodes[Int(language)]
    guard node.kind == .intersection else { return false }
    var others = 0
    for operand in operands(of: node) {
      let part = nodes[Int(operand)]
      let counted = part.kind == .complement ? part.first : operand
      if has(.isBoolean, counted) || has(.isEndless, counted) != (part.kind != .complement) { return false }
      if part.kind != .complement { others += 1 }
    }
    return others == 1
  }

  private func isKnownToLive(_ language: LanguageID) -> Bool {
    !has(.isBoolean, language) || has(.nullable, language) || liveness[language] == true
  }

  private mutating func markWay(to end: LanguageID, _ cameFrom: [LanguageID: LanguageID]) {
    var next = end
    while next >= 0 {
      liveness[next] = true
      next = cameFrom[next] ?? -1
    }
  }
}
