// Member lists: written out one member at a time, as a text comes to them.

extension LanguageTable {
  /// The language of a list; nothing where it cannot be written.
  mutating func members(_ list: MemberStates.List, demands: UInt32) -> LanguageID {
    guard let state = memberStates.add(list, demands: demands) else { return Self.nothing }
    return insert(LanguageNode(kind: .members, first: state))
  }

  /// The same language with its next member written out.
  mutating func unfold(_ language: LanguageID) -> LanguageID {
    if let known = memberStates.unfolded[language] { return known }
    let state = memberStates.states[Int(nodes[Int(language)].first)]
    let list = memberStates.lists[state.list]
    var ways: [LanguageID] = []
    func note(_ member: Int?, _ way: MemberStates.List.Way, _ table: inout LanguageTable) {
      guard let next = table.memberStates.state(state, after: member, way) else { return }
      let rest = table.insert(LanguageNode(kind: .members, first: table.memberStates.number(of: next)))
      ways.append(table.sequence(.join, way.language, rest))
    }
    for member in MemberStates.members(state.left) {
      for way in list.members[member] { note(member, way, &self) }
    }
    for way in list.others { note(nil, way, &self) }
    var result = union(ways)
    if state.count > 0 { result = sequence(.join, list.separator, result) }
    if memberStates.canEnd(state) { result = union([Self.empty, result]) }
    memberStates.unfolded[language] = result
    return result
  }

  func firstOfMembers(_ node: LanguageNode) -> ByteSet {
    let state = memberStates.states[Int(node.first)]
    let list = memberStates.lists[state.list]
    if state.count > 0 { return firsts[Int(list.separator)] }
    return (list.members.joined() + list.others).reduce(ByteSet()) { $0.union(firsts[Int($1.language)]) }
  }

  func factsOfMembers(_ node: LanguageNode) -> LanguageNode.Facts {
    let state = memberStates.states[Int(node.first)]
    let list = memberStates.lists[state.list]
    var result: LanguageNode.Facts = memberStates.canEnd(state) ? .nullable : []
    if state.count > 0 { return result.union(facts[Int(list.separator)].intersection(.beginsWithByte)) }
    for way in list.members.joined() + list.others {
      result.formUnion(facts[Int(way.language)].intersection([.beginsWithByte, .beginsWithCall]))
    }
    return result
  }
}
