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
    if list.count > 8 { removeTails(&list) }
    return makeList(.union, list, ofNone: Self.nothing)
  }

  /// Leaves out what another one of a union has too, as all that stands before it there may be left out.
  ///
  /// Without it, many parts that may all be left out would be as many alternatives, and each of these again.
  private mutating func removeTails(_ list: inout [LanguageID]) {
    guard list.contains(where: { tail(of: $0) != nil }) else { return }
    let all = Set(list)
    var tails: Set<LanguageID> = []
    for part in list {
      var next = tail(of: part)
      while let tail = next {
        work += 1
        // What is in the list, or was met before, is followed from there.
        let isNew = tails.insert(tail).inserted
        next = isNew && !all.contains(tail) ? self.tail(of: tail) : nil
      }
    }
    list.removeAll { tails.contains($0) }
  }

  /// What is left of a sequence whose first part may be left out.
  private func tail(of language: LanguageID) -> LanguageID? {
    let node = nodes[Int(language)]
    guard node.kind == .concatenation || node.kind == .join, has(.nullable, node.first) else { return nil }
    return node.second
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
    if parts.count == 1 { return parts[0] }
    var set: ByteSet?
    var hasEmpty = false
    var list: [LanguageID] = []
    func add(_ part: LanguageID) {
      let node = nodes[Int(part)]
      if node.kind == .bytes {
        set = (set ?? .all).intersection(sets[Int(node.first)])
      } else {
        list.append(part)
      }
    }
    for part in parts where part != Self.everything {
      switch nodes[Int(part)].kind {
      case .nothing: return Self.nothing
      case .empty: hasEmpty = true
      case .intersection: for place in places(of: nodes[Int(part)]) { add(operands[place]) }
      default: add(part)
      }
    }
    if hasEmpty { return set == nil && list.allSatisfy { has(.nullable, $0) } ? Self.empty : Self.nothing }
    if let set {
      if set.isEmpty { return Self.nothing }
      list.append(bytes(set))
    }
    return makeList(.intersection, list, ofNone: Self.everything)
  }

  /// A list without order and without doubles.
  private mutating func makeList(
    _ kind: LanguageNode.Kind, _ list: [LanguageID], ofNone: LanguageID
  ) -> LanguageID {
    if list.count <= 1 { return list.first ?? ofNone }
    work += list.count
    var sorted = list
    sort(&sorted)
    var kept = 1
    for index in 1..<sorted.count where sorted[index] != sorted[kept - 1] {
      sorted[kept] = sorted[index]
      kept += 1
    }
    sorted.removeLast(sorted.count - kept)
    return sorted.count == 1 ? sorted[0] : insert(kind, of: sorted)
  }

  /// By their marks: one by one where they are few, as they mostly are.
  private func sort(_ list: inout [LanguageID]) {
    guard list.count <= 8 else { return list.sort { marks[Int($0)] < marks[Int($1)] } }
    for end in 1..<list.count {
      let (added, mark) = (list[end], marks[Int(list[end])])
      var place = end
      while place > 0, mark < marks[Int(list[place - 1])] {
        list[place] = list[place - 1]
        place -= 1
      }
      list[place] = added
    }
  }
}
