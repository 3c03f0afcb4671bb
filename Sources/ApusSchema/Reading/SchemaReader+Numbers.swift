internal import ApusGrammar
internal import ApusJSON

// Words about numbers and strings.

extension SchemaReader {
  func numbers(_ set: NumberSet) throws(SchemaError) -> NumberSet {
    guard !set.isEmpty else { return set }
    var set = set
    for (keyword, other) in [(Keyword.minimum, Keyword.exclusiveMinimum), (.maximum, .exclusiveMaximum)] {
      let isLower = keyword == .minimum
      func keep(_ value: DecimalNumber, isIn: Bool) throws(SchemaError) {
        let bound = NumberIntervals.Bound(value: value, isIn: isIn)
        let side = NumberSet(isLower ? .init(lower: bound) : .init(upper: bound))
        set = try kept(keyword, try set.intersection(side))
      }
      var isIn = true
      switch self[other] {
      case nil: break
      case .bool(let isExclusive)?: isIn = !isExclusive
      case let value?: try keep(try number(value, other), isIn: false)
      }
      if let value = self[keyword] { try keep(try number(value, keyword), isIn: isIn) }
    }
    if let value = self[.multipleOf] {
      let divisor = try number(value, .multipleOf)
      guard !divisor.isNegative, !divisor.isZero else { throw error(.multipleOf, "must be above 0") }
      set = try kept(.multipleOf, try set.intersection(NumberSet(multiplesOf: divisor)))
    }
    return set
  }

  private func number(_ value: JSONValue, _ keyword: Keyword) throws(SchemaError) -> DecimalNumber {
    guard let number = DecimalNumber(value) else { throw error(keyword, "must be a number") }
    return number
  }

  func strings(_ set: StringSet) throws(SchemaError) -> StringSet {
    guard !set.isEmpty else { return set }
    var set = set
    let least = try count(.minLength) ?? 0
    let most = try count(.maxLength)
    if least > 0 || most != nil {
      set = try kept(
        .minLength, try set.intersection(StringSet(minimumLength: least, maximumLength: most), store.texts))
    }
    if let value = self[.pattern] {
      guard case .string(let text) = value else { throw error(.pattern, "must be a string") }
      let pattern = try add(TextPattern(text: text, isWhole: false), place.at(Keyword.pattern.rawValue))
      set = try kept(.pattern, try set.intersection(StringSet(pattern), store.texts))
    }
    if case .string(let name)? = self[.format] {
      if StringFormat.refused.contains(name) { throw error(.format, "the format \(name) is not kept: use a pattern") }
      if let pattern = StringFormat.pattern(name) {
        let known = try add(pattern, place.at(Keyword.format.rawValue))
        set = try kept(.format, try set.intersection(StringSet(known), store.texts))
      }
    }
    return set
  }

  /// Reads a pattern, so that its set can be computed with.
  func add(_ pattern: TextPattern, _ place: Place, ofKeys: Bool = false) throws(SchemaError) -> TextPattern {
    do { try store.texts.add(pattern, ofKeys: ofKeys) } catch { throw place.error(error.advice) }
    return pattern
  }
}

extension GrammarError {
  /// What is wrong, in a sentence.
  var advice: String {
    switch self {
    case .syntax(let reason, let offset): "no regular expression: \(reason), at byte \(offset)"
    case .unsupported(let what): "\(what) in a regular expression cannot be kept"
    case .tooLarge(let what, let limit): "too large: more than \(limit) \(what)"
    case .empty: "no text matches it"
    case .stopped: description
    }
  }
}
