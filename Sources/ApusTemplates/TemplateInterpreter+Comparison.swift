/// Python's `==`, `<` and `in`.
extension TemplateInterpreter {
  func equal(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateError) -> Bool {
    try spend(2)
    switch (a, b) {
    case (.text(let a), .text(let b)):
      guard a.byteCount == b.byteCount else { return false }
      try spend(a.byteCount / Self.copiedBytesPerUnit)
      return a == b
    case (.none, .none), (.undefined, .undefined): return true
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      return a === b ? true : try equal(a.items, b.items)
    case (.dictionary(let a), .dictionary(let b)): return a === b ? true : try equal(a, b)
    case (.range(let a), .range(let b)):
      return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
    case (.view(let a), .view(let b)) where a.kind != .values && b.kind != .values:
      guard a.dictionary.count == b.dictionary.count else { return false }
      let (a, b) = (try items(of: .view(a), for: ""), try items(of: .view(b), for: ""))
      for item in a where !(try contains(item, in: b)) { return false }
      return true
    default:
      if let a = a.index, let b = b.index { return a == b }
      if let order = a.order(against: b) { return order == 0 }
      return a.isSame(as: b)
    }
  }

  private func equal(_ a: [TemplateValue], _ b: [TemplateValue]) throws(TemplateError) -> Bool {
    guard a.count == b.count else { return false }
    for (a, b) in zip(a, b) where !(try equal(a, b)) { return false }
    return true
  }

  private func equal(_ a: TemplateDictionary, _ b: TemplateDictionary) throws(TemplateError) -> Bool {
    guard a.count == b.count else { return false }
    for (key, value) in zip(a.keys, a.values) {
      guard let other = try self.value(key, in: b.members), try equal(value, other) else { return false }
    }
    return true
  }

  /// Python's `a < b`, with the operator's name for the error on types that have no order.
  func less(_ a: TemplateValue, _ b: TemplateValue, _ sign: String = "<") throws(TemplateError) -> Bool {
    try spend(1)
    switch (a, b) {
    case (.text(let a), .text(let b)):
      try spend(min(a.byteCount, b.byteCount) / Self.copiedBytesPerUnit)
      return a < b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (a, b) in zip(a.items, b.items) where !(try equal(a, b)) { return try less(a, b, sign) }
      return a.items.count < b.items.count
    case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.error
    default:
      if let a = a.index, let b = b.index { return a < b }
      if let order = a.order(against: b) { return order < 0 }
      throw .runtime("'\(sign)' not supported between instances of '\(a.typeName)' and '\(b.typeName)'")
    }
  }

  /// `a op b` for one comparison operator.
  func compare(
    _ a: TemplateValue, _ comparison: TemplateExpression.Comparison, _ b: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch comparison {
    case .equal: return try equal(a, b)
    case .notEqual: return try !equal(a, b)
    case .less: return try less(a, b)
    case .greater: return try less(b, a, ">")
    case .lessOrEqual: return try lessOrEqual(a, b, "<=")
    case .greaterOrEqual: return try lessOrEqual(b, a, ">=")
    case .contained: return try contains(a, in: b)
    case .notContained: return try !contains(a, in: b)
    }
  }

  /// Not the negation of `b < a`: with NaN both are false.
  private func lessOrEqual(
    _ a: TemplateValue, _ b: TemplateValue, _ sign: String
  ) throws(TemplateError) -> Bool {
    if case .double(let x) = a, x.isNaN, b.number != nil { return false }
    if case .double(let x) = b, x.isNaN, a.number != nil { return false }
    return try !less(b, a, sign)
  }

  /// Python's `item in container`.
  func contains(_ item: TemplateValue, in container: TemplateValue) throws(TemplateError) -> Bool {
    switch container {
    case .text(let text):
      guard case .text(let part) = item else {
        if case .undefined(let undefined) = item { throw undefined.error }
        throw .runtime("'in <string>' requires string as left operand, not \(item.typeName)")
      }
      try spend((text.byteCount + part.byteCount) / 8)
      return text.contains(part)
    case .dictionary(let dictionary): return try value(item, in: dictionary.members) != nil
    case .view(let view) where view.kind == .keys: return try value(item, in: view.dictionary.members) != nil
    case .range(let range):
      guard let number = item.index ?? item.number.flatMap(Int.init(exactly:)) else { return false }
      return range.contains(number)
    default: return try contains(item, in: try items(of: container, for: "argument of type"))
    }
  }

  func contains(_ item: TemplateValue, in items: [TemplateValue]) throws(TemplateError) -> Bool {
    for other in items where try equal(item, other) { return true }
    return false
  }

  /// A stable merge sort of `items` by `keys`; Python's `sorted`, where the comparison can fail.
  func sorted(
    _ items: [TemplateValue], by keys: [TemplateValue], descending: Bool
  ) throws(TemplateError) -> [TemplateValue] {
    var order = Array(items.indices)
    var width = 1
    while width < order.count {
      try spend(order.count)
      var merged: [Int] = []
      merged.reserveCapacity(order.count)
      for start in stride(from: 0, to: order.count, by: 2 * width) {
        var (left, right) = (start, min(start + width, order.count))
        let (leftEnd, rightEnd) = (right, min(start + 2 * width, order.count))
        while left < leftEnd, right < rightEnd {
          let (a, b) = (keys[order[left]], keys[order[right]])
          if try descending ? less(a, b) : less(b, a) {
            merged.append(order[right])
            right += 1
          } else {
            merged.append(order[left])
            left += 1
          }
        }
        merged.append(contentsOf: order[left..<leftEnd])
        merged.append(contentsOf: order[right..<rightEnd])
      }
      order = merged
      width *= 2
    }
    return order.map { items[$0] }
  }
}
