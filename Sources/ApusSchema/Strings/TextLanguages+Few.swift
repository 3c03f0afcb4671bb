internal import ApusGrammar

// The texts of sets that have few, one by one.

extension TextLanguages {
  /// The texts of a set, in order; nil where these are more than some hundred.
  ///
  /// Nil also where patterns do not say it so that each can be written out.
  func fewTexts(_ set: StringSet) -> [[UInt8]]? {
    if let listed = set.listed { return listed }
    var all: Set<[UInt8]> = []
    for term in set.terms {
      guard let texts = fewTexts(term) else { return nil }
      all.formUnion(texts)
    }
    guard all.count <= FewTexts.limit, !isExhausted else { return nil }
    return all.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Those of one pattern that fit the rest too.
  private func fewTexts(_ term: StringSet.Term) -> [[UInt8]]? {
    if case .only(let texts) = term.values { return texts }
    for use in term.patterns where use.matches {
      let pattern = StringSet(use.pattern)
      guard let language = try? language(pattern, as: .raw), let texts = FewTexts.of(language) else { continue }
      return texts.filter { term.contains($0, self) }
    }
    return nil
  }
}

/// Writes out a language of few strings.
private enum FewTexts {
  static let limit = 256

  /// nil where there are more, or where it is an intersection or a complement.
  static func of(_ language: RegularLanguage) -> [[UInt8]]? {
    switch language {
    case .byte(let set): return (0...UInt8.max).filter { set.contains($0) }.map { [$0] }
    case .string(let bytes): return [bytes]
    case .concatenation(let parts):
      var texts: [[UInt8]] = [[]]
      for part in parts {
        guard let next = of(part), let longer = product(texts, next) else { return nil }
        texts = longer
      }
      return texts
    case .union(let parts):
      var texts: Set<[UInt8]> = []
      for part in parts {
        guard let more = of(part) else { return nil }
        texts.formUnion(more)
        if texts.count > limit { return nil }
      }
      return Array(texts)
    case .repetition(let part, let atLeast, let atMost): return repeated(part, max(0, atLeast), atMost)
    case .intersection, .complement: return nil
    }
  }

  /// Each text with each of `others` behind it; nil where these are too many, or long.
  private static func product(_ texts: [[UInt8]], _ others: [[UInt8]]) -> [[UInt8]]? {
    guard texts.count * others.count <= limit else { return nil }
    let all = Set(texts.flatMap { text in others.map { text + $0 } })
    return all.contains { $0.count > limit } ? nil : Array(all)
  }

  private static func repeated(_ part: RegularLanguage, _ atLeast: Int, _ atMost: Int?) -> [[UInt8]]? {
    // As many times as are of use: each time adds a byte, or nothing new.
    guard let atMost, atMost <= limit, let once = of(part) else { return nil }
    var texts: [[UInt8]] = [[]]
    var all: Set<[UInt8]> = atLeast == 0 ? [[]] : []
    for times in 0..<max(0, atMost) {
      guard let longer = product(texts, once) else { return nil }
      texts = longer
      if times + 1 >= atLeast { all.formUnion(texts) }
      if all.count > limit { return nil }
    }
    return Array(all)
  }
}
