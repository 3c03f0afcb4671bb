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
    case .repetition:
      let part = facts[Int(node.first)]
      return node.atLeast == 0 ? part.union(.nullable) : part
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
    var result = head.union(tail).intersection(.isBoolean)
    result.formUnion(head.intersection([.beginsWithByte, .beginsWithCall]))
    if head.contains(.nullable) {
      result.formUnion(tail.intersection([.nullable, .beginsWithByte, .beginsWithCall]))
    }
    if node.kind == .concatenation { result.formUnion(head.intersection(tail).intersection(.isPlain)) }
    return result
  }

  func shortest(of node: LanguageNode) -> Int32 {
    switch node.kind {
    case .nothing, .empty, .call: return 0
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

  private func sum(_ a: Int32, _ b: Int32) -> Int32 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  /// The same for equal languages of all tables in this process.
  func fingerprint(of node: LanguageNode) -> Fingerprint {
    var print = Fingerprint(UInt64(node.kind.rawValue))
    switch node.kind {
    case .nothing, .empty: break
    case .bytes: sets[Int(node.first)].feed(&print)
    case .call: print.add(UInt64(UInt32(bitPattern: node.first)))
    case .complement: print.add(prints[Int(node.first)])
    case .concatenation, .join:
      print.add(prints[Int(node.first)])
      print.add(prints[Int(node.second)])
    case .union, .intersection: for part in operands(of: node) { print.add(prints[Int(part)]) }
    case .repetition:
      print.add(prints[Int(node.first)])
      print.add(UInt64(UInt32(bitPattern: node.atLeast)) << 32 | UInt64(UInt32(bitPattern: node.atMost)))
    }
    return print
  }
}
