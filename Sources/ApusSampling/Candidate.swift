package import ApusCore

/// A token and its logit in one word, made so that comparing the words ranks the candidates.
///
/// The upper half is the logit's bits, mapped so that a higher logit gives a lower number; the lower half is the token.
/// Thus ascending order is best first, ties go to the lower token, and the order is total.
package struct Candidate: Sendable, Equatable, Comparable {
  /// The word.
  let rank: UInt64

  /// The candidate for `token`, which is not negative, with a logit that is not NaN; −0 counts as 0.
  @inline(__always)
  package init(token: Token, logit: Float) {
    let bits = (logit + 0).bitPattern
    let ascending = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
    rank = UInt64(~ascending) << 32 | UInt64(UInt32(bitPattern: token))
  }

  /// The token's id.
  @inline(__always)
  package var token: Token {
    Token(truncatingIfNeeded: rank)
  }

  /// The logit.
  @inline(__always)
  package var logit: Float {
    let ascending = ~UInt32(truncatingIfNeeded: rank >> 32)
    let mask = UInt32(bitPattern: ~(Int32(bitPattern: ascending) >> 31)) | 0x8000_0000
    return Float(bitPattern: ascending ^ mask)
  }

  /// True where `first` is the better candidate.
  @inline(__always)
  package static func < (first: Candidate, second: Candidate) -> Bool {
    first.rank < second.rank
  }
}
