// Whether a language with intersections or complements has a string.

extension LanguageTable {
  /// Whether it has a string.
  ///
  /// Looks for one, the most promising way first. What no search within `searchLimit` finds counts as nothing, now and
  /// later: every language that was found alive has a way to a string on which all languages were, so a text still has
  /// a way to its end.
  mutating func isLive(_ language: LanguageID) -> Bool {
    if !has(.isBoolean, language) || has(.nullable, language) { return language != Self.nothing }
    if let known = liveness[language] { return known }
    var cameFrom: [LanguageID: LanguageID] = [language: -1]
    var waiting = [language]
    while let next = waiting.popLast() {
      if !has(.isBoolean, next) || has(.nullable, next) || liveness[next] == true {
        markWay(to: next, cameFrom)
        return true
      }
      guard liveness[next] == nil else { continue }
      if cameFrom.count > searchLimit {
        gaveUp = true
        liveness[language] = false
        return false
      }
      var found: [LanguageID] = []
      for `class` in 0..<classes.count {
        let after = uncheckedDerivative(next, `class`)
        guard after != Self.nothing, cameFrom[after] == nil else { continue }
        cameFrom[after] = next
        found.append(after)
      }
      waiting += found.sorted { shortest[Int($0)] > shortest[Int($1)] }
    }
    for visited in cameFrom.keys { liveness[visited] = false }
    return false
  }

  private mutating func markWay(to end: LanguageID, _ cameFrom: [LanguageID: LanguageID]) {
    var next = end
    while next >= 0 {
      liveness[next] = true
      next = cameFrom[next] ?? -1
    }
  }
}
