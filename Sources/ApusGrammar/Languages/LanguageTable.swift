/// Languages by number: equal ones have one number, so that what was found out about one is found out once.
///
/// A language is a regular expression over bytes and calls of rules, with counts, intersections and complements kept as they
/// are. What is left of a language after a byte (its derivative) is again one of the table; numbers are the states of an
/// automaton that grows as it is used. Parts have smaller numbers than what is made of them.
struct LanguageTable: ~Copyable {
  static let nothing: LanguageID = 0
  static let empty: LanguageID = 1
  /// All byte strings.
  static let everything: LanguageID = 3

  /// What bytes are told apart by.
  let classes: ByteClasses
  /// Which rules have the empty string; known before a call is made.
  var nullableRules: [Bool] = []

  private(set) var nodes: [LanguageNode] = []
  private(set) var facts: [LanguageNode.Facts] = []
  /// Lower bounds for the lengths of strings, in bytes.
  private(set) var shortest: [Int32] = []
  /// The bytes that strings can begin with; of intersections and complements, more than these.
  private(set) var firsts: [ByteSet] = []
  private(set) var marks: [LanguageMark] = []
  private var byteSets = ByteSetTable()
  private(set) var operands: [LanguageID] = []

  private var slots = SlotTable()

  var memberStates = MemberStates()
  var derivatives: ClassRows
  var unchecked: ClassRows
  var calls: [LanguageID: [RuleCall]] = [:]
  var liveness: [LanguageID: Bool] = [:]
  /// The most languages that one search for a string may look at, and whether one has met it.
  var searchLimit: Int
  /// The most steps that one search may take.
  var searchSteps: Int
  var gaveUp = false
  /// What was computed so far, in steps of a fraction of a microsecond.
  var work = 0

  init(classes: ByteClasses, searchLimit: Int, searchSteps: Int) {
    self.classes = classes
    derivatives = ClassRows(classes: classes.count)
    unchecked = ClassRows(classes: classes.count)
    self.searchLimit = searchLimit
    self.searchSteps = searchSteps
    _ = insert(LanguageNode(kind: .nothing))
    _ = insert(LanguageNode(kind: .empty))
    let any = bytes(.all)
    _ = repetition(any, atLeast: 0, atMost: LanguageNode.endless)
  }

  /// Memory that it takes, in bytes.
  var byteCount: Int {
    nodes.count * 88 + slots.byteCount + byteSets.byteCount + operands.count * 4 + derivatives.byteCount
      + unchecked.byteCount + calls.count * 64 + liveness.count * 16 + memberStates.byteCount
  }

  func has(_ fact: LanguageNode.Facts, _ language: LanguageID) -> Bool { facts[Int(language)].contains(fact) }

  func operands(of node: LanguageNode) -> ArraySlice<LanguageID> {
    operands[places(of: node)]
  }

  /// Where the operands of a union or an intersection are in the list of all.
  func places(of node: LanguageNode) -> Range<Int> { Int(node.first)..<Int(node.first) + Int(node.second) }

  /// The number of a set of bytes.
  mutating func number(of set: ByteSet) -> Int32 { byteSets.number(of: set) }

  var sets: [ByteSet] { _read { yield byteSets.sets } }

  /// The language that a node is.
  mutating func insert(_ node: LanguageNode) -> LanguageID { insert(node, mark(of: node)) }

  /// The language of a list: a union or an intersection.
  mutating func insert(_ kind: LanguageNode.Kind, of list: [LanguageID]) -> LanguageID {
    let node = LanguageNode(kind: kind, first: Int32(operands.count), second: Int32(list.count))
    operands += list
    let count = nodes.count
    let language = insert(node, mark(of: node))
    if count == nodes.count { operands.removeLast(list.count) }
    return language
  }

  private mutating func insert(_ node: LanguageNode, _ print: LanguageMark) -> LanguageID {
    work += 1
    var slot = slots.begin(print.low)
    while let known = slots.find(print.low, &slot) {
      if isEqual(nodes[known], node) { return LanguageID(known) }
    }
    slots.append(print.low, at: slot)
    nodes.append(node)
    marks.append(print)
    facts.append(facts(of: node))
    shortest.append(shortest(of: node))
    firsts.append(first(of: node))
    return LanguageID(nodes.count - 1)
  }

  private func isEqual(_ a: LanguageNode, _ b: LanguageNode) -> Bool {
    guard a.kind == .union || a.kind == .intersection else { return a == b }
    return a.kind == b.kind && operands(of: a).elementsEqual(operands(of: b))
  }
}

/// A call of a rule, and what comes after it.
struct RuleCall: Hashable {
  var rule: Int32
  var rest: LanguageID
}
