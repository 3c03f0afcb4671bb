internal import ApusGrammar
internal import ApusJSON

/// Numbers that are multiples of some numbers, as rules that read one digit after the other.
struct NumberAutomaton {
  private let piece: NumberSet.Piece
  private let place: Place
  private let hasPoint: Bool
  /// Numbers are multiples of whole numbers once they are taken times ten to this power.
  private let scale: Int
  private let multiples: [Int]
  private let notMultiples: [Int]
  /// Remainders are taken modulo this.
  private var modulus: Int
  /// The ends of the intervals, without their signs.
  private let bounds: [DecimalNumber]

  static let stateLimit = 4_000

  private struct State: Hashable {
    enum Phase { case start, signed, zero, whole, point, fraction }
    var phase = Phase.start
    var isNegative = false
    var remainder = 0
    /// Digits behind the point, as far as they matter for the remainder.
    var fractionCount = 0
    /// A digit that no multiple has: not 0, and too far behind the point.
    var isBeyond = false
    var hasFraction = false
    var comparisons: [Comparison]
  }

  /// How the digits so far compare with those of a bound.
  fileprivate struct Comparison: Hashable {
    var count = 0
    var order = 0
    var isDecided = false
  }

  /// The numbers of a piece, without a point if `hasPoint` is false.
  init(_ piece: NumberSet.Piece, _ place: Place, hasPoint: Bool) throws(SchemaError) {
    (self.piece, self.place, self.hasPoint) = (piece, place, hasPoint)
    let all = piece.multiples + piece.notMultiples
    let scale = all.map(\.scale).max() ?? 0
    func whole(_ divisors: [DecimalNumber]) throws(SchemaError) -> [Int] {
      var result: [Int] = []
      for divisor in divisors {
        guard let value = divisor.scaled(by: scale), value <= Self.stateLimit else { throw Self.refusal(place) }
        result.append(value)
      }
      return result
    }
    self.scale = scale
    multiples = try whole(piece.multiples)
    notMultiples = try whole(piece.notMultiples)
    modulus = (multiples + notMultiples).reduce(1) { lcm($0, $1) }
    let ends = (piece.integers.intervals + piece.fractions.intervals).flatMap { [$0.lower, $0.upper] }
    bounds = Set(ends.compactMap { $0?.value.magnitude }).sorted()
  }

  private static func refusal(_ place: Place) -> SchemaError {
    place.at("multipleOf").error("needs more than \(stateLimit) states: use a smaller number")
  }

  func write(to writer: GrammarWriter) throws(SchemaError) -> Grammar.Expression {
    if let few { return .terminal(few) }
    guard modulus <= Self.stateLimit else { throw Self.refusal(place) }
    let start = State(comparisons: bounds.map { _ in Comparison() })
    var rules = [start: try writer.declare("multiple")]
    var waiting = [start]
    while let state = waiting.popLast() {
      var nexts: [State: ByteSet] = [:]
      for byte in UInt8(ascii: "-")...UInt8(ascii: "9") where hasPoint || byte != UInt8(ascii: ".") {
        if let next = after(byte, state) { nexts[next, default: ByteSet()].insert(byte) }
      }
      var ways: [Grammar.Expression] = accepts(state) ? [.sequence([])] : []
      for (next, bytes) in nexts {
        if rules[next] == nil {
          guard rules.count < Self.stateLimit else { throw Self.refusal(place) }
          rules[next] = try writer.declare("multiple")
          waiting.append(next)
        }
        if let rule = rules[next] { ways.append(.sequence([.terminal(.byte(bytes)), .rule(rule)])) }
      }
      if let rule = rules[state] { writer.define(rule, .choice(ways)) }
    }
    return rules[start].map { .rule($0) } ?? .choice([])
  }

  /// All whole numbers of the piece, one by one, where they are few and there are no others.
  private var few: RegularLanguage? {
    guard piece.fractions.isEmpty, !multiples.isEmpty, scale == 0 else { return nil }
    let step = multiples.reduce(1) { lcm($0, $1) }
    var values: [[UInt8]] = []
    for interval in piece.integers.intervals {
      guard let lower = interval.lower?.value.towardZero.scaled(by: 0),
        let upper = interval.upper?.value.towardZero.scaled(by: 0)
      else { return nil }
      // One more at each end: what is outside of the interval is left out below.
      let (first, last) = (lower / step - 1, upper / step + 1)
      guard last - first <= 2 * Self.stateLimit else { return nil }
      for value in (first...last).map({ $0 * step }) where !notMultiples.contains(where: { value % $0 == 0 }) {
        if let number = DecimalNumber(.int(value)), piece.integers.contains(number) {
          values.append(Array(String(value).utf8))
        }
      }
    }
    return .concatenation([ByteTrie.language(of: values), hasPoint ? NumberLanguage.pointZeros : .empty])
  }

  private func after(_ byte: UInt8, _ state: State) -> State? {
    var next = state
    switch (byte, state.phase) {
    case (UInt8(ascii: "-"), .start):
      next.phase = .signed
      next.isNegative = true
      return next
    case (UInt8(ascii: "."), .zero), (UInt8(ascii: "."), .whole):
      next.phase = .point
      for (index, bound) in bounds.enumerated() { next.comparisons[index].endWhole(bound) }
      return next
    case (0x30...0x39, .start), (0x30...0x39, .signed), (0x30...0x39, .whole):
      let digit = byte - 0x30
      next.phase = state.phase != .whole && digit == 0 ? .zero : .whole
      next.remainder = (state.remainder * 10 + Int(digit)) % modulus
      guard next.phase == .whole else { return next }
      for (index, bound) in bounds.enumerated() { next.comparisons[index].addWhole(digit, bound) }
      return next
    case (0x30...0x39, .point), (0x30...0x39, .fraction): return afterFraction(byte - 0x30, next)
    default: return nil
    }
  }

  private func afterFraction(_ digit: UInt8, _ state: State) -> State? {
    var next = state
    next.phase = .fraction
    next.hasFraction = state.hasFraction || digit != 0
    if state.fractionCount < scale {
      next.fractionCount += 1
      next.remainder = (state.remainder * 10 + Int(digit)) % modulus
    } else if digit != 0 {
      if !multiples.isEmpty { return nil }
      next.isBeyond = true
      next.remainder = 0
    }
    for (index, bound) in bounds.enumerated() { next.comparisons[index].addFraction(digit, bound) }
    return next
  }

  private func accepts(_ state: State) -> Bool {
    guard [.zero, .whole, .fraction].contains(state.phase) else { return false }
    var remainder = state.remainder
    for _ in state.fractionCount..<scale { remainder = remainder * 10 % modulus }
    let divides = { (divisor: Int) in !state.isBeyond && remainder % divisor == 0 }
    guard multiples.allSatisfy(divides), !notMultiples.contains(where: divides) else { return false }
    let orders = zip(bounds, state.comparisons).map { bound, comparison in
      var comparison = comparison
      if state.phase != .fraction { comparison.endWhole(bound) }
      return (bound, comparison.order(at: bound))
    }
    let order = Dictionary(uniqueKeysWithValues: orders)
    let intervals = state.hasFraction ? piece.fractions : piece.integers
    return intervals.intervals.contains { interval in
      isAbove(interval.lower, state, order, 1) && isAbove(interval.upper, state, order, -1)
    }
  }

  /// Whether the number is on the right side of a bound: above it with `side` 1, below it with −1.
  private func isAbove(
    _ bound: NumberIntervals.Bound?, _ state: State, _ order: [DecimalNumber: Int], _ side: Int
  ) -> Bool {
    guard let bound else { return true }
    // Order of magnitudes; 0 has no sign.
    let magnitudes = order[bound.value.magnitude] ?? 0
    let compared: Int
    if bound.value.isZero {
      compared = state.isNegative ? -magnitudes : magnitudes
    } else if state.isNegative == bound.value.isNegative {
      compared = state.isNegative ? -magnitudes : magnitudes
    } else {
      compared = bound.value.isNegative ? 1 : -1
    }
    return compared == 0 ? bound.isIn : compared == side
  }
}

/// The least common multiple, or something larger where it is too large to matter.
private func lcm(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a, b)
  while y != 0 { (x, y) = (y, x % y) }
  let (product, isTooLarge) = (a / x).multipliedReportingOverflow(by: b)
  return isTooLarge ? .max : product
}

extension NumberAutomaton.Comparison {
  fileprivate mutating func addWhole(_ digit: UInt8, _ bound: DecimalNumber) {
    let digits = bound.wholeDigits
    if order == 0, count < digits.count {
      order = (Int(digit) - Int(digits[count])).signum()
    }
    count = min(count + 1, digits.count + 1)
  }

  /// Behind the whole part: the longer one is larger.
  fileprivate mutating func endWhole(_ bound: DecimalNumber) {
    let digits = bound.wholeDigits.count
    if count != digits { order = count < digits ? -1 : 1 }
    count = 0
    isDecided = order != 0
  }

  fileprivate mutating func addFraction(_ digit: UInt8, _ bound: DecimalNumber) {
    guard !isDecided else { return }
    let digits = bound.fractionDigits
    order = (Int(digit) - (count < digits.count ? Int(digits[count]) : 0)).signum()
    count = min(count + 1, digits.count)
    isDecided = order != 0
  }

  /// How the number compares with the bound if it ends here.
  fileprivate func order(at bound: DecimalNumber) -> Int {
    isDecided ? order : count < bound.fractionDigits.count ? -1 : 0
  }
}
