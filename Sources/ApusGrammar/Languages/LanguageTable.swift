/// Languages by number: equal ones have one number, so that what was found out about one is found out once.
///
/// A language is a regular expression over bytes and calls of rules, with counts, intersections and complements kept as they
/// are. What is left of a language after a byte (its derivative) is again one of the table; numbers are the states of an
/// automaton that grows as it is used. Parts have smaller numbers than what is made of them.
struct LanguageTable {
  static let nothing: LanguageID = 0
  static let empty: LanguageID = 1

  /// What bytes are told apart by.
  let classes: ByteClasses
  /// Which rules have the empty string; known before a call is made.
  var nullableRules: [Bool] = []

  private(set) var nodes: [LanguageNode] = []
  private(set) var facts: [LanguageNode.Facts] = []
  /// Lower bounds for the lengths of strings, in bytes.
  private(set) var shortest: [Int32] = []
  private(set) var prints: [Fingerprint] = []
  private(set) var sets: [ByteSet] = []
  private(set) var operands: [LanguageID] = []

  /// Numbers of nodes by the hash of what they are: open addressing, a power of two; -1 is free.
  private var slots: [LanguageID] = Array(repeating: -1, count: 256)
  private var setNumbers: [ByteSet: Int32] = [:]

  var derivatives = DerivativeRows()
  var unchecked = DerivativeRows()
  var calls: [LanguageID: [RuleCall]] = [:]
  var liveness: [LanguageID: Bool] = [:]
  /// The most languages that one search for a string may look at, and whether one has met it.
  var searchLimit: Int
  var gaveUp = false
  /// What was computed so far, in steps of a fraction of a microsecond.
  var work = 0

  init(classes: ByteClasses, searchLimit: Int) {
    self.classes = classes
    self.searchLimit = searchLimit
    _ = insert(LanguageNode(kind: .nothing))
    _ = insert(LanguageNode(kind: .empty))
  }

  /// Memory that it takes, in bytes.
  var byteCount: Int {
    nodes.count * 56 + slots.count * 4 + sets.count * 80 + operands.count * 4 + derivatives.byteCount
      + unchecked.byteCount + calls.count * 64 + liveness.count * 16
  }

  func has(_ fact: LanguageNode.Facts, _ language: LanguageID) -> Bool { facts[Int(language)].contains(fact) }

  func operands(of node: LanguageNode) -> ArraySlice<LanguageID> {
    operands[Int(node.first)..<Int(node.first) + Int(node.second)]
  }

  /// The number of a set of bytes.
  mutating func number(of set: ByteSet) -> Int32 {
    if let number = setNumbers[set] { return number }
    let number = Int32(sets.count)
    sets.append(set)
    setNumbers[set] = number
    return number
  }

  /// The language that a node is.
  mutating func insert(_ node: LanguageNode) -> LanguageID { insert(node, fingerprint(of: node)) }

  /// The language of a list: a union or an intersection.
  mutating func insert(_ kind: LanguageNode.Kind, of list: [LanguageID]) -> LanguageID {
    let node = LanguageNode(kind: kind, first: Int32(operands.count), second: Int32(list.count))
    operands += list
    let count = nodes.count
    let language = insert(node, fingerprint(of: node))
    if count == nodes.count { operands.removeLast(list.count) }
    return language
  }

  private mutating func insert(_ node: LanguageNode, _ print: Fingerprint) -> LanguageID {
    work += 1
    var slot = Int(truncatingIfNeeded: print.low) & (slots.count - 1)
    while slots[slot] >= 0 {
      let known = slots[slot]
      if prints[Int(known)] == print, isEqual(nodes[Int(known)], node) { return known }
      slot = (slot + 1) & (slots.count - 1)
    }
    let language = LanguageID(nodes.count)
    slots[slot] = language
    nodes.append(node)
    prints.append(print)
    facts.append(facts(of: node))
    shortest.append(shortest(of: node))
    if nodes.count * 2 > slots.count { grow() }
    return language
  }

  private func isEqual(_ a: LanguageNode, _ b: LanguageNode) -> Bool {
    guard a.kind == .union || a.kind == .intersection else { return a == b }
    return a.kind == b.kind && operands(of: a).elementsEqual(operands(of: b))
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 2)
    for (language, print) in prints.enumerated() {
      var slot = Int(truncatingIfNeeded: print.low) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = LanguageID(language)
    }
  }
}

/// A call of a rule, and what comes after it.
struct RuleCall: Hashable {
  var rule: Int32
  var rest: LanguageID
}
