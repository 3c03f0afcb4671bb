// Member lists: written out one member at a time, as a text comes to them.

extension LanguageTable {
  /// The language of a list; nothing where it cannot be written.
  mutating func members(_ list: MemberStates.List) -> LanguageID {
    guard let state = memberStates.add(list) else { return Self.nothing }
    return insert(LanguageNode(kind: .members, first: state))
  }

  /// The same language with its next member written out.
  mutating func unfold(_ language: LanguageID) -> LanguageID {
    if let known = memberStates.unfolded[language] { return known }
    let state = memberStates.states[Int(nodes[Int(language)].first)]
    var ways: [LanguageID] = []
    for (way, next) in memberStates.next(state) {
      ways.append(sequence(.join, way, insert(LanguageNode(kind: .members, first: next))))
    }
    var result = union(ways)
    if state.count > 0 { result = sequence(.join, memberStates.lists[state.list].separator, result) }
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
