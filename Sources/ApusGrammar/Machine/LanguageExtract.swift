/// Some languages of a table and their parts, to go into another table of the same grammar.
struct LanguageExtract: Sendable {
  /// Parts before what is made of them, with their places in this list for their numbers.
  private(set) var nodes: [LanguageNode] = []
  private var operands: [Int32] = []
  private var sets: [ByteSet] = []
  private var memberStates: [MemberStates.State] = []
  /// The lists that these are of, by their numbers in the table.
  private var lists: [Int: MemberStates.List] = [:]
  /// The place of each language of the table that is in it.
  private(set) var places: [LanguageID: Int32] = [:]

  init(_ languages: some Sequence<LanguageID>, of table: borrowing LanguageTable) {
    var isWanted = Array(repeating: false, count: table.nodes.count)
    isWanted[Int(LanguageTable.nothing)] = true
    isWanted[Int(LanguageTable.empty)] = true
    for language in languages { isWanted[Int(language)] = true }
    // Parts have smaller numbers; those of a list have smaller ones than all of its states.
    for language in table.nodes.indices.reversed() where isWanted[language] {
      let node = table.nodes[language]
      if node.kind == .members {
        let list = table.memberStates.states[Int(node.first)].list
        guard lists.updateValue(table.memberStates.lists[list], forKey: list) == nil else { continue }
      }
      for part in table.parts(of: node) { isWanted[Int(part)] = true }
    }
    for language in table.nodes.indices where isWanted[language] { append(LanguageID(language), table) }
  }

  private mutating func append(_ language: LanguageID, _ table: borrowing LanguageTable) {
    var node = table.nodes[Int(language)]
    switch node.kind {
    case .nothing, .empty, .call: break
    case .bytes:
      sets.append(table.sets[Int(node.first)])
      node.first = Int32(sets.count - 1)
    case .union, .intersection:
      let parts = table.operands(of: node).compactMap { places[$0] }
      node.first = Int32(operands.count)
      operands += parts
    case .concatenation, .join:
      node.first = places[node.first] ?? 0
      node.second = places[node.second] ?? 0
    case .complement, .repetition: node.first = places[node.first] ?? 0
    case .members:
      memberStates.append(table.memberStates.states[Int(node.first)])
      node.first = Int32(memberStates.count - 1)
    }
    places[language] = Int32(nodes.count)
    nodes.append(node)
  }

  /// Puts them into a table; gives their numbers there, at their places.
  func insert(into table: inout LanguageTable) -> [LanguageID] {
    var numbers: [LanguageID] = []
    var listNumbers: [Int: Int] = [:]
    for var node in nodes {
      switch node.kind {
      case .nothing, .empty, .call: break
      case .bytes: node.first = table.number(of: sets[Int(node.first)])
      case .union, .intersection:
        let parts = operands[Int(node.first)..<Int(node.first) + Int(node.second)]
        numbers.append(table.insert(node.kind, of: parts.map { numbers[Int($0)] }))
        continue
      case .concatenation, .join:
        node.first = numbers[Int(node.first)]
        node.second = numbers[Int(node.second)]
      case .complement, .repetition: node.first = numbers[Int(node.first)]
      case .members:
        let state = memberStates[Int(node.first)]
        if listNumbers[state.list] == nil, let list = lists[state.list] {
          listNumbers[state.list] = table.memberStates.take(list) { numbers[Int(places[$0] ?? 0)] }
        }
        node.first = table.memberStates.number(of: state, ofList: listNumbers[state.list] ?? 0)
      }
      numbers.append(table.insert(node))
    }
    return numbers
  }
}

extension LanguageTable {
  /// What a language is made of.
  fileprivate func parts(of node: LanguageNode) -> [LanguageID] {
    switch node.kind {
    case .nothing, .empty, .bytes, .call: []
    case .members: memberStates.lists[memberStates.states[Int(node.first)].list].languages
    case .concatenation, .join: [node.first, node.second]
    case .complement, .repetition: [node.first]
    case .union, .intersection: Array(operands(of: node))
    }
  }
}
