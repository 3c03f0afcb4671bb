internal import ApusCore

/// One pass over logits that tells whether they are usable, and the highest.
///
/// Works on the bits of the floats as integers, ordered as the floats are, NaN outside both infinities: integer minimum
/// and maximum vectorize where those of floats may not.
struct LogitScan {
  private var lowest = Int32.max
  private var highest = Int32.min

  private static let plusInfinity = key(.infinity)
  private static let minusInfinity = key(-.infinity)

  /// A float's bits as an integer with the same order.
  @inline(__always)
  private static func key(_ logit: Float) -> Int32 {
    let bits = Int32(bitPattern: logit.bitPattern)
    return bits ^ ((bits >> 31) & .max)
  }

  /// Takes in one logit.
  @inline(__always)
  mutating func add(_ logit: Float) {
    let key = Self.key(logit)
    lowest = key < lowest ? key : lowest
    highest = key > highest ? key : highest
  }

  /// The highest logit, −infinity where all are.
  var maximum: Float {
    Float(bitPattern: UInt32(bitPattern: highest ^ ((highest >> 31) & .max)))
  }

  /// True where no logit is NaN or +infinity and one at least is finite.
  var isUsable: Bool {
    lowest >= Self.minusInfinity && highest < Self.plusInfinity && highest > Self.minusInfinity
  }

  /// The scan of `logits`, or an error that names the first token without a usable logit.
  static func checked(_ logits: Span<Float>) throws(SamplingError) -> LogitScan {
    var scan = LogitScan()
    for index in 0..<logits.count { scan.add(logits[index]) }
    guard scan.isUsable else { throw failure(in: logits) }
    return scan
  }

  /// What to report for logits that are not usable.
  static func failure(in logits: Span<Float>) -> SamplingError {
    for index in 0..<logits.count where !(logits[index] < .infinity) {
      return .nonFiniteLogits(token: Token(index))
    }
    return .nonFiniteLogits(token: nil)
  }
}
