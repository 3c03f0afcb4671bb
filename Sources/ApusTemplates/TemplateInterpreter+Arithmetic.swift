extension TemplateExpression.Arithmetic {
  /// What the operation costs on operands that are not numbers; what grows is paid for where it is made.
  var cost: TemplateCost {
    switch self {
    case .add: TemplateCost(.items, rate: 8)
    case .remainder: TemplateCost(.texts, rate: 64)
    case .subtract, .multiply, .divide, .floorDivide, .power: .constant
    }
  }
}

/// Python's arithmetic on 64-bit integers: where Python would go on with a big integer, this is an error.
extension TemplateInterpreter {
  func arithmetic(
    _ a: TemplateValue, _ operation: TemplateExpression.Arithmetic, _ b: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    try spend(1)
    if let x = a.index, let y = b.index { return try integers(x, operation, y) }
    if let x = a.number, let y = b.number { return try doubles(x, operation, y) }
    try spend(operation.cost.units(a, b))
    if case .undefined(let undefined) = a { throw undefined.error }
    if operation == .remainder, case .text(let format) = a { return .text(try percentFormat(format, b)) }
    if case .undefined(let undefined) = b { throw undefined.error }
    switch (operation, a, b) {
    case (.add, .text(let a), .text(let b)): return .text(try concatenated(a, b))
    case (.add, .list(let a), .list(let b)): return try .list(a.items + b.items)
    case (.add, .tuple(let a), .tuple(let b)): return try .tuple(a.items + b.items)
    case (.multiply, .text(let text), _), (.multiply, _, .text(let text)):
      if let count = a.index ?? b.index { return .text(try repeated(text, count)) }
    case (.multiply, .list(let list), _), (.multiply, _, .list(let list)):
      if let count = a.index ?? b.index { return try .list(try repeated(list.items, count)) }
    case (.multiply, .tuple(let list), _), (.multiply, _, .tuple(let list)):
      if let count = a.index ?? b.index { return try .tuple(try repeated(list.items, count)) }
    default: break
    }
    if operation == .add, case .text = a {
      throw .runtime("can only concatenate str (not \"\(b.typeName)\") to str")
    }
    throw .runtime(
      "unsupported operand type(s) for \(operation.rawValue): '\(a.typeName)' and '\(b.typeName)'")
  }

  /// `a + b` of texts; what is added to markup is escaped.
  private func concatenated(_ a: TemplateText, _ b: TemplateText) throws(TemplateError) -> TemplateText {
    let isMarkup = a.isMarkup || b.isMarkup
    let left = isMarkup ? try escaped(a) : a
    let right = isMarkup ? try escaped(b) : b
    try reserve(left.byteCount + right.byteCount)
    var text = left + right
    try spend(text.origin.changeCount)
    text.isMarkup = isMarkup
    return text
  }

  func repeated(_ text: TemplateText, _ count: Int) throws(TemplateError) -> TemplateText {
    guard count > 0, !text.isEmpty else { return .empty }
    let (size, overflow) = text.byteCount.multipliedReportingOverflow(by: count)
    try reserve(overflow ? .max : size)
    try spend(size / Self.copiedBytesPerUnit)
    // Doubling is many times faster than appending one short piece after the other.
    var doubled = TemplateText(utf8: text.utf8, origin: text.origin)
    while doubled.byteCount <= size / 2 { doubled = doubled + doubled }
    let result = doubled + doubled[0..<(size - doubled.byteCount)]
    try spend(result.origin.changeCount)
    return result
  }

  private func repeated(_ items: [TemplateValue], _ count: Int) throws(TemplateError) -> [TemplateValue] {
    guard count > 0, !items.isEmpty else { return [] }
    let (size, overflow) = items.count.multipliedReportingOverflow(by: count)
    guard !overflow, size <= TemplateLimits.elementCount else {
      throw .limit("a list would be longer than \(TemplateLimits.elementCount)")
    }
    try spend(size)
    var result: [TemplateValue] = []
    result.reserveCapacity(size)
    for _ in 0..<count { result.append(contentsOf: items) }
    return result
  }

  private func integers(
    _ a: Int, _ operation: TemplateExpression.Arithmetic, _ b: Int
  ) throws(TemplateError) -> TemplateValue {
    switch operation {
    case .add: return try checked(a.addingReportingOverflow(b))
    case .subtract: return try checked(a.subtractingReportingOverflow(b))
    case .multiply: return try checked(a.multipliedReportingOverflow(by: b))
    case .divide:
      guard b != 0 else { throw .runtime("division by zero") }
      return .double(Double(a) / Double(b))
    case .floorDivide:
      guard b != 0 else { throw .runtime("integer division or modulo by zero") }
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      let (remainder, _) = a.remainderReportingOverflow(dividingBy: b)
      return try checked((remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient, overflow))
    case .remainder:
      guard b != 0 else { throw .runtime("integer division or modulo by zero") }
      let (remainder, _) = a.remainderReportingOverflow(dividingBy: b)
      return .int(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder)
    case .power: return try power(a, b)
    }
  }

  func checked(_ result: (partialValue: Int, overflow: Bool)) throws(TemplateError) -> TemplateValue {
    guard !result.overflow else { throw .runtime("the whole number does not fit into 64 bits") }
    return .int(result.partialValue)
  }

  private func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> TemplateValue {
    guard exponent >= 0 else { return try doubles(Double(base), .power, Double(exponent)) }
    var result = 1
    var square = base
    var left = exponent
    var squareOverflows = false
    while left > 0 {
      if left & 1 == 1 {
        let (product, overflow) = result.multipliedReportingOverflow(by: square)
        guard !overflow, !squareOverflows else { return try checked((0, true)) }
        result = product
      }
      left >>= 1
      let (next, overflow) = square.multipliedReportingOverflow(by: square)
      square = next
      squareOverflows = squareOverflows || overflow
    }
    return .int(result)
  }

  private func doubles(
    _ a: Double, _ operation: TemplateExpression.Arithmetic, _ b: Double
  ) throws(TemplateError) -> TemplateValue {
    switch operation {
    case .add: return .double(a + b)
    case .subtract: return .double(a - b)
    case .multiply: return .double(a * b)
    case .divide:
      guard b != 0 else { throw .runtime("float division by zero") }
      return .double(a / b)
    case .floorDivide:
      guard b != 0 else { throw .runtime("float floor division by zero") }
      return .double(floorDivided(a, b))
    case .remainder:
      guard b != 0 else { throw .runtime("float modulo") }
      return .double(floorRemainder(a, b))
    case .power:
      if a == 0, b < 0 { throw .runtime("0.0 cannot be raised to a negative power") }
      if a < 0, b != b.rounded(), b.isFinite { throw .runtime("a negative number has no real root") }
      let result = raised(a, to: b)
      guard result.isFinite || !a.isFinite || !b.isFinite else { throw .runtime("numerical result out of range") }
      return .double(result)
    }
  }

  /// The remainder with the sign of the divisor.
  private func floorRemainder(_ a: Double, _ b: Double) -> Double {
    let remainder = a.truncatingRemainder(dividingBy: b)
    if remainder == 0 { return b < 0 ? -0.0 : 0.0 }
    return (remainder < 0) != (b < 0) ? remainder + b : remainder
  }

  private func floorDivided(_ a: Double, _ b: Double) -> Double {
    let quotient = (a - floorRemainder(a, b)) / b
    if quotient == 0 { return (a < 0) != (b < 0) ? -0.0 : 0.0 }
    let floor = quotient.rounded(.down)
    return quotient - floor > 0.5 ? floor + 1 : floor
  }
}
