/// What chance starts from, as people write it: −1 for something random, else a whole number from 0 to 2⁶⁴ − 1.
///
/// The one place that knows these conventions; `GenerationSummary.seed` is what was used in the end.
public struct Seed: Sendable, Equatable {
  /// The number for `GenerationOptions.seed`; nil is random.
  public let value: UInt64?

  /// Reads decimal digits, or −1.
  ///
  /// - Throws: `ApusError.invalidRequest`, which names the bound that was broken.
  public init(_ text: String) throws(ApusError) {
    let isNegative = text.utf8.first == UInt8(ascii: "-")
    let digits = isNegative ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      throw Self.error("must be a whole number, or -1 for a random one")
    }
    let number = UInt64(Substring(digits))
    switch (isNegative, number) {
    case (true, 1): value = nil
    case (true, 0), (false, .some): value = number
    case (true, _): throw Self.error("must be at least -1, which takes a random one")
    case (false, nil): throw Self.error("must be at most \(UInt64.max)")
    }
  }

  private static func error(_ reason: String) -> ApusError {
    .invalidRequest(field: "seed", reason: "seed " + reason)
  }
}
