// What is known of a language from its parts.

extension LanguageTable {
  func facts(of node: LanguageNode) -> LanguageNode.Facts {
    switch node.kind {
    case .nothing: return .isPlain
    case .empty: return [.isPlain, .nullable]
    case .bytes: return [.isPlain, .beginsWithByte]
    case .call:
      return nullableRules[Int(node.first)] ? [.beginsWithCall, .nullable] : .beginsWithCall
    case .concatenation, .join: return factsOfSequence(node)
    case .members: return factsOfMembers(node)
    case .repetition:
      let part = facts[Int(node.first)]
      let endless: LanguageNode.Facts = node.atMost == LanguageNode.endless ? .isEndless : []
      return (node.atLeast == 0 ? part.union(.nullable) : part).union(endless)
    case .complement:
      return factsOfBoolean(isNullable: !has(.nullable, node.first))
    case .union:
      return operands(of: node).reduce(into: .isPlain) { facts, part in
        let other = self.facts[Int(part)]
        facts = facts.intersection(other).union(facts.union(other).subtracting(.isPlain))
      }
    case .intersection:
      return factsOfBoolean(isNullable: operands(of: node).allSatisfy { has(.nullable, $0) })
    }
  }

  private func factsOfBoolean(isNullable: Bool) -> LanguageNode.Facts {
    isNullable ? [.nullable, .isPlain, .isBoolean, .beginsWithByte] : [.isPlain, .isBoolean, .beginsWithByte]
  }

  private func factsOfSequence(_ node: LanguageNode) -> LanguageNode.Facts {
    let head = facts[Int(node.first)]
    let tail = facts[Int(node.second)]
    var result = head.union(tail).intersection([.isBoolean, .isEndless])
    result.formUnion(head.intersection([.beginsWithByte, .beginsWithCall]))
    if head.contains(.nullable) {
      result.formUnion(tail.intersection([.nullable, .beginsWithByte, .beginsWithCall]))
    }
    if node.kind == .concatenation { result.formUnion(head.intersection(tail).intersection(.isPlain)) }
    return result
  }

  /// From each part of a sequence to those behind it up to one that may not be left out, all together; short rows, which
  /// any grammar has, do not count.
  var optionalSteps: Int {
    let short: Int32 = 32
    var runs: [Int32] = []
    var steps = 0
    runs.reserveCapacity(nodes.count)
    for node in nodes {
      let isSequence = node.kind == .concatenation || node.kind == .join
      let run = isSequence && has(.nullable, node.first) ? runs[Int(node.second)] + 1 : 0
      runs.append(run)
      if run > short { steps += Int(run) }
    }
    return steps
  }

  func shortest(of node: LanguageNode) -> Int32 {
    switch node.kind {
    case .nothing, .empty, .call, .members: return 0
    case .bytes: return 1
    case .concatenation, .join: return sum(shortest[Int(node.first)], shortest[Int(node.second)])
    case .union: return operands(of: node).map { shortest[Int($0)] }.min() ?? 0
    case .intersection: return operands(of: node).map { shortest[Int($0)] }.max() ?? 0
    case .complement: return has(.nullable, node.first) ? 1 : 0
    case .repetition:
      let (product, overflow) = shortest[Int(node.first)].multipliedReportingOverflow(by: node.atLeast)
      return overflow ? .max : product
    }
  }

  /// The bytes that its strings begin with, or more.
  func first(of node: LanguageNode) -> ByteSet {
    switch node.kind {
    case .nothing, .empty, .call: ByteSet()
    case .bytes: sets[Int(node.first)]
    case .complement: .all
    case .members: firstOfMembers(node)
    case .repetition: firsts[Int(node.first)]
    case .concatenation, .join:
      has(.nullable, node.first)
        ? firsts[Int(node.first)].union(firsts[Int(node.second)]) : firsts[Int(node.first)]
    case .union: operands(of: node).reduce(ByteSet()) { $0.union(firsts[Int($1)]) }
    case .intersection: operands(of: node).reduce(.all) { $0.intersection(firsts[Int($1)]) }
    }
  }

  private func sum(_ a: Int32, _ b: Int32) -> Int32 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  /// The same for equal languages of all tables in this process.
  func mark(of node: LanguageNode) -> LanguageMark {
    var print = LanguageMark(UInt64(node.kind.rawValue))
    switch node.kind {
    case .nothing, .empty: break
    case .bytes: sets[Int(node.first)].feed(&print)
    case .call, .members: print.add(UInt64(UInt32(bitPattern: node.first)))
    case .complement: print.add(marks[Int(node.first)])
    case .concatenation, .join:
      print.add(marks[Int(node.first)])
      print.add(marks[Int(node.second)])
    case .union, .intersection: for part in operands(of: node) { print.add(marks[Int(part)]) }
    case .repetition:
      print.add(marks[Int(node.first)])
      print.add(UInt64(UInt32(bitPattern: node.atLeast)) << 32 | UInt64(UInt32(bitPattern: node.atMost)))
    }
    return print
  }
}
