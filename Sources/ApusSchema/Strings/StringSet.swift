/// A set of texts, each as UTF-8.
struct StringSet: Hashable {
  /// What is in any of them.
  let terms: [Term]
  /// A hash of the terms: sets are compared and looked up again and again.
  private let mark: Int

  /// Texts that keep to all of this.
  struct Term: Hashable {
    var values = Values.except([])
    /// How many characters they have.
    var minimumLength = 0
    var maximumLength: Int?
    /// What patterns say of them, each once, in order of their texts.
    var patterns: [PatternUse] = []

    /// Whether nothing but lengths is said.
    var isAnyOfSomeLength: Bool { values == .except([]) && patterns.isEmpty }
  }

  /// Some texts, sorted, each once; or all others.
  enum Values: Hashable {
    case only([[UInt8]])
    case except([[UInt8]])
  }

  /// That a pattern matches, or does not.
  struct PatternUse: Hashable {
    let pattern: TextPattern
    let matches: Bool
  }

  static let none = StringSet(terms: [])
  static let all = StringSet(terms: [Term()])

  private init(terms: [Term]) {
    self.terms = terms
    mark = terms.hashValue
  }

  static func == (a: StringSet, b: StringSet) -> Bool { a.mark == b.mark && a.terms == b.terms }

  func hash(into hasher: inout Hasher) { hasher.combine(mark) }

  /// These texts.
  init(_ texts: [[UInt8]]) {
    let sorted = Self.sorted(texts)
    self.init(terms: sorted.isEmpty ? [] : [Term(values: .only(sorted))])
  }

  /// All texts but these.
  init(except texts: [[UInt8]]) { self.init(terms: [Term(values: .except(Self.sorted(texts)))]) }

  /// Texts with so many characters.
  init(minimumLength: Int, maximumLength: Int?) {
    let isEmpty = maximumLength.map { $0 < minimumLength } ?? false
    self.init(terms: isEmpty ? [] : [Term(minimumLength: minimumLength, maximumLength: maximumLength)])
  }

  /// Texts that the pattern matches.
  init(_ pattern: TextPattern, matches: Bool = true) {
    self.init(terms: [Term(patterns: [PatternUse(pattern: pattern, matches: matches)])])
  }

  private static func sorted(_ texts: [[UInt8]]) -> [[UInt8]] {
    if texts.count < 2 { return texts }
    return Set(texts).sorted { $0.lexicographicallyPrecedes($1) }
  }

  var isEmpty: Bool { terms.isEmpty }

  /// Its texts, where they are given one by one.
  var listed: [[UInt8]]? {
    var all: [[UInt8]] = []
    for term in terms {
      guard case .only(let texts) = term.values else { return nil }
      all += texts
    }
    return Self.sorted(all)
  }

  func contains(_ text: [UInt8], _ texts: TextLanguages) -> Bool { terms.contains { $0.contains(text, texts) } }

  func union(_ other: StringSet) throws(NotComputable) -> StringSet {
    if isEmpty || other == .all { return other }
    if other.isEmpty || self == .all || self == other { return self }
    var listed: [[UInt8]] = []
    var rest: [Term] = []
    for term in terms + other.terms {
      if case .only(let texts) = term.values { listed += texts } else if !rest.contains(term) { rest.append(term) }
    }
    guard rest.count <= 128 else { throw NotComputable() }
    if rest.contains(Term()) { return .all }
    return StringSet(terms: rest + StringSet(listed).terms)
  }

  func intersection(_ other: StringSet, _ texts: TextLanguages) throws(NotComputable) -> StringSet {
    if self == .all || self == other { return other }
    if other == .all { return self }
    var both = StringSet.none
    guard terms.count * other.terms.count <= 1024 else { throw NotComputable() }
    for a in terms {
      for b in other.terms {
        if let common = a.intersection(b, texts) { both = try both.union(StringSet(terms: [common])) }
        guard !texts.isExhausted else { throw NotComputable() }
      }
    }
    return both
  }

  func complement(_ texts: TextLanguages) throws(NotComputable) -> StringSet {
    var rest = StringSet.all
    for term in terms { rest = try rest.intersection(try term.complement(), texts) }
    return rest
  }
}

extension StringSet.Term {
  func contains(_ text: [UInt8], _ texts: TextLanguages) -> Bool {
    let isListed =
      switch values {
      case .only(let list): list.containsSorted(text)
      case .except(let list): !list.containsSorted(text)
      }
    return isListed && keepsRest(text, texts)
  }

  /// Whether length and patterns are right.
  private func keepsRest(_ text: [UInt8], _ texts: TextLanguages) -> Bool {
    if minimumLength > 0 || maximumLength != nil {
      let length = text.count { $0 & 0xC0 != 0x80 }
      guard length >= minimumLength, maximumLength.map({ length <= $0 }) ?? true else { return false }
    }
    // What is said of texts beyond the limit is not used: `intersection` throws then.
    return patterns.allSatisfy { !texts.isExhausted && texts.matches(text, $0.pattern) == $0.matches }
  }

  /// What is in both; nil where that is nothing, plainly.
  fileprivate func intersection(_ other: StringSet.Term, _ texts: TextLanguages) -> StringSet.Term? {
    var both = StringSet.Term()
    both.minimumLength = max(minimumLength, other.minimumLength)
    both.maximumLength = smaller(maximumLength, other.maximumLength)
    if let most = both.maximumLength, most < both.minimumLength { return nil }
    both.patterns = patterns
    for use in other.patterns {
      let place = both.patterns.firstSorted { $0.pattern < use.pattern }
      if place == both.patterns.count || both.patterns[place].pattern != use.pattern {
        both.patterns.insert(use, at: place)
      } else if both.patterns[place].matches != use.matches {
        return nil
      }
    }
    switch (values, other.values) {
    case (.except(let a), .except(let b)):
      both.values = .except(a == b || b.isEmpty ? a : a.isEmpty ? b : StringSet(a + b).listed ?? [])
      return both
    case (.only(let a), _):
      return StringSet.Term.some(a.filter { both.keepsRest($0, texts) && other.contains($0, texts) })
    case (_, .only(let b)): return StringSet.Term.some(b.filter { both.keepsRest($0, texts) && contains($0, texts) })
    }
  }

  private static func some(_ texts: [[UInt8]]) -> StringSet.Term? {
    texts.isEmpty ? nil : StringSet.Term(values: .only(texts))
  }

  fileprivate func complement() throws(NotComputable) -> StringSet {
    var outside =
      switch values {
      case .only(let list): StringSet(except: list)
      case .except(let list): StringSet(list)
      }
    if minimumLength > 0 {
      outside = try outside.union(StringSet(minimumLength: 0, maximumLength: minimumLength - 1))
    }
    if let maximumLength {
      let (next, isTooLong) = maximumLength.addingReportingOverflow(1)
      if !isTooLong { outside = try outside.union(StringSet(minimumLength: next, maximumLength: nil)) }
    }
    for use in patterns { outside = try outside.union(StringSet(use.pattern, matches: !use.matches)) }
    return outside
  }
}

extension [[UInt8]] {
  /// Whether `text` is in a sorted list.
  fileprivate func containsSorted(_ text: [UInt8]) -> Bool {
    let place = firstSorted { $0.lexicographicallyPrecedes(text) }
    return place < count && self[place] == text
  }
}

extension Array {
  /// Where the first element of a sorted list is that does not come before something.
  fileprivate func firstSorted(notBefore isBefore: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
