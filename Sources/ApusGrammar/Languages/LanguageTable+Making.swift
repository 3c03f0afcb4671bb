// Languages made of others, in a form in which many equal ones are the same.

extension LanguageTable {
  mutating func bytes(_ set: ByteSet) -> LanguageID {
    set.isEmpty ? Self.nothing : insert(LanguageNode(kind: .bytes, first: number(of: set)))
  }

  mutating func call(_ rule: Int) -> LanguageID { insert(LanguageNode(kind: .call, first: Int32(rule))) }

  /// One string of each; `kind` is a concatenation within a terminal, a join between symbols.
  mutating func sequence(_ kind: LanguageNode.Kind, _ head: LanguageID, _ tail: LanguageID) -> LanguageID {
    if head == Self.nothing || tail == Self.nothing { return Self.nothing }
    if head == Self.empty { return tail }
    if tail == Self.empty { return head }
    return insert(LanguageNode(kind: kind, first: head, second: tail))
  }

  mutating func repetition(_ part: LanguageID, atLeast: Int32, atMost: Int32) -> LanguageID {
    if atMost < atLeast { return Self.nothing }
    if part == Self.nothing { return atLeast == 0 ? Self.empty : Self.nothing }
    if part == Self.empty || atMost == 0 { return Self.empty }
    if atLeast == 1, atMost == 1 { return part }
    let node = nodes[Int(part)]
    if node.kind == .repetition, node.atLeast <= 1, node.atMost == LanguageNode.endless, atMost == LanguageNode.endless
    {
      return repetition(node.first, atLeast: atLeast * node.atLeast, atMost: atMost)
    }
    let atLeast = has(.nullable, part) ? 0 : atLeast
    return insert(LanguageNode(kind: .repetition, first: part, atLeast: atLeast, atMost: atMost))
  }

  /// What is left of a repetition when one string of it has begun.
  mutating func rest(ofRepetition node: LanguageNode) -> LanguageID {
    repetition(
      node.first, atLeast: max(0, node.atLeast - 1),
      atMost: node.atMost == LanguageNode.endless ? node.atMost : node.atMost - 1)
  }

  mutating func complement(_ part: LanguageID) -> LanguageID {
    let node = nodes[Int(part)]
    if node.kind == .complement { return node.first }
    if part == Self.nothing { return Self.everything }
    if part == Self.everything { return Self.nothing }
    return insert(LanguageNode(kind: .complement, first: part))
  }

  mutating func union(_ parts: [LanguageID]) -> LanguageID {
    if parts.count == 1 { return parts[0] }
    var set: ByteSet?
    var list: [LanguageID] = []
    for part in parts {
      let node = nodes[Int(part)]
      switch node.kind {
      case .nothing: break
      case .bytes: set = (set ?? ByteSet()).union(sets[Int(node.first)])
      case .union: for inner in operands(of: node) { add(inner, to: &list, &set) }
      default: list.append(part)
      }
    }
    if let set { list.append(bytes(set)) }
    return makeList(.union, list, ofNone: Self.nothing)
  }

  private func add(_ part: LanguageID, to list: inout [LanguageID], _ set: inout ByteSet?) {
    let node = nodes[Int(part)]
    if node.kind == .bytes {
      set = (set ?? ByteSet()).union(sets[Int(node.first)])
    } else {
      list.append(part)
    }
  }

  mutating func intersection(_ parts: [LanguageID]) -> LanguageID {
    var list: [LanguageID] = []
    for part in parts where part != Self.everything {
      let node = nodes[Int(part)]
      if node.kind == .intersection { list += operands(of: node) } else { list.append(part) }
    }
    if list.contains(Self.nothing) { return Self.nothing }
    if list.contains(Self.empty) {
      return list.allSatisfy { has(.nullable, $0) } ? Self.empty : Self.nothing
    }
    let isSet = list.map { nodes[Int($0)].kind == .bytes }
    if isSet.count(where: { $0 }) > 1 {
      var common = ByteSet.all
      for (part, isSet) in zip(list, isSet) where isSet {
        common = common.intersection(sets[Int(nodes[Int(part)].first)])
      }
      list = zip(list, isSet).filter { !$0.1 }.map(\.0) + [bytes(common)]
      if common.isEmpty { return Self.nothing }
    }
    return makeList(.intersection, list, ofNone: Self.everything)
  }

  /// A list without order and without doubles.
  private mutating func makeList(
    _ kind: LanguageNode.Kind, _ list: [LanguageID], ofNone: LanguageID
  ) -> LanguageID {
    if list.count <= 1 { return list.first ?? ofNone }
    work += list.count
    var sorted = list.sorted { marks[Int($0)] < marks[Int($1)] }
    var kept = 1
    for index in 1..<sorted.count where sorted[index] != sorted[kept - 1] {
      sorted[kept] = sorted[index]
      kept += 1
    }
    sorted.removeLast(sorted.count - kept)
    return sorted.count == 1 ? sorted[0] : insert(kind, of: sorted)
  }
}
