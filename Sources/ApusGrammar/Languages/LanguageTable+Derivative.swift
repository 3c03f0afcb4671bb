// What is left of a language after a byte, and which rules it may call before one.

extension LanguageTable {
  /// What can follow a byte of class `class` in strings of `language`; `nothing` where none begins with one.
  ///
  /// What it gives has a string: languages in which no string is left are found out by search.
  mutating func derivative(_ language: LanguageID, _ class: Int) -> LanguageID {
    guard firsts[Int(language)].contains(classes.examples[`class`]) else { return Self.nothing }
    if let known = derivatives[language, `class`] { return known }
    if let rest = restOfByte(language) { return rest }
    var result = compute(language, `class`, isChecked: true)
    if isBooleanAtTop(language), !isLive(result) { result = Self.nothing }
    derivatives.set(language, `class`, result)
    return result
  }

  /// The same without the search, within an intersection or a complement.
  mutating func uncheckedDerivative(_ language: LanguageID, _ class: Int) -> LanguageID {
    guard has(.isBoolean, language) else { return derivative(language, `class`) }
    if let known = unchecked[language, `class`] { return known }
    guard firsts[Int(language)].contains(classes.examples[`class`]) else { return Self.nothing }
    let result = compute(language, `class`, isChecked: false)
    unchecked.set(language, `class`, result)
    return result
  }

  /// What is left of a language that is one byte and something after it: found as soon as it is looked up.
  private mutating func restOfByte(_ language: LanguageID) -> LanguageID? {
    let node = nodes[Int(language)]
    switch node.kind {
    case .bytes: return Self.empty
    case .concatenation, .join:
      let head = nodes[Int(node.first)]
      if head.kind == .bytes { return node.second }
      guard head.kind == .concatenation || head.kind == .join, nodes[Int(head.first)].kind == .bytes else { return nil }
      return sequence(node.kind, head.second, node.second)
    default: return nil
    }
  }

  private func isBooleanAtTop(_ language: LanguageID) -> Bool {
    let kind = nodes[Int(language)].kind
    return kind == .intersection || kind == .complement
  }

  private mutating func part(_ language: LanguageID, _ class: Int, isChecked: Bool) -> LanguageID {
    isChecked ? derivative(language, `class`) : uncheckedDerivative(language, `class`)
  }

  /// `language` begins with the class.
  private mutating func compute(_ language: LanguageID, _ class: Int, isChecked: Bool) -> LanguageID {
    work += 1
    let node = nodes[Int(language)]
    switch node.kind {
    case .nothing, .empty, .call: return Self.nothing
    case .bytes: return Self.empty
    case .concatenation, .join: return derivativeOfSequence(language, `class`, isChecked)
    case .repetition:
      let begun = part(node.first, `class`, isChecked: isChecked)
      if begun == Self.nothing { return Self.nothing }
      return sequence(has(.isPlain, node.first) ? .concatenation : .join, begun, rest(ofRepetition: node))
    case .members: return derivative(unfold(language), `class`)
    case .complement: return complement(uncheckedDerivative(node.first, `class`))
    case .union: return derivativeOfUnion(node, `class`, isChecked)
    case .intersection: return derivativeOfIntersection(node, `class`)
    }
  }

  private mutating func derivativeOfUnion(_ node: LanguageNode, _ class: Int, _ isChecked: Bool) -> LanguageID {
    var parts: [LanguageID] = []
    for place in places(of: node) {
      let part = part(operands[place], `class`, isChecked: isChecked)
      if part != Self.nothing { parts.append(part) }
    }
    return union(parts)
  }

  private mutating func derivativeOfIntersection(_ node: LanguageNode, _ class: Int) -> LanguageID {
    var parts: [LanguageID] = []
    for place in places(of: node) {
      let part = uncheckedDerivative(operands[place], `class`)
      if part == Self.nothing { return Self.nothing }
      if part != Self.everything { parts.append(part) }
    }
    return intersection(parts)
  }

  /// A loop, as a text may have thousands of parts that may all be left out.
  private mutating func derivativeOfSequence(_ language: LanguageID, _ class: Int, _ isChecked: Bool) -> LanguageID {
    let node = nodes[Int(language)]
    if !has(.nullable, node.first) {
      return sequence(node.kind, part(node.first, `class`, isChecked: isChecked), node.second)
    }
    var alternatives: [LanguageID] = []
    var rest = language
    while true {
      let node = nodes[Int(rest)]
      guard node.kind == .concatenation || node.kind == .join else {
        alternatives.append(part(rest, `class`, isChecked: isChecked))
        break
      }
      let begun = part(node.first, `class`, isChecked: isChecked)
      if begun != Self.nothing { alternatives.append(sequence(node.kind, begun, node.second)) }
      guard has(.nullable, node.first) else { break }
      rest = node.second
    }
    return union(alternatives)
  }

  /// The rules that may be called before any byte, each with what comes after it.
  mutating func leadingCalls(_ language: LanguageID) -> [RuleCall] {
    guard has(.beginsWithCall, language) else { return [] }
    if let known = calls[language] { return known }
    let node = nodes[Int(language)]
    var result: [RuleCall] = []
    switch node.kind {
    case .nothing, .empty, .bytes, .intersection, .complement: break
    case .call: result = [RuleCall(rule: node.first, rest: Self.empty)]
    case .union: for part in Array(operands(of: node)) { result += leadingCalls(part) }
    case .repetition:
      let rest = rest(ofRepetition: node)
      for call in leadingCalls(node.first) {
        result.append(RuleCall(rule: call.rule, rest: sequence(.join, call.rest, rest)))
      }
    case .concatenation, .join: result = leadingCallsOfSequence(language)
    case .members: result = leadingCalls(unfold(language))
    }
    calls[language] = result
    return result
  }

  private mutating func leadingCallsOfSequence(_ language: LanguageID) -> [RuleCall] {
    var result: [RuleCall] = []
    var rest = language
    while true {
      let node = nodes[Int(rest)]
      guard node.kind == .concatenation || node.kind == .join else { return result + leadingCalls(rest) }
      for call in leadingCalls(node.first) {
        result.append(RuleCall(rule: call.rule, rest: sequence(.join, call.rest, node.second)))
      }
      guard has(.nullable, node.first) else { return result }
      rest = node.second
    }
  }
}
