internal import Apus

extension Model {
  /// A token as text that no other token of the vocabulary has: bytes that are no UTF-8 are written as `<0xE2>`.
  func distinctText(of token: Token) -> String {
    let bytes = bytes(of: token)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "<0x" + (digits.utf8.count == 1 ? "0" : "") + digits + ">"
    }.joined()
  }
}

extension Double {
  /// This logarithm of a probability as JSON can hold it: −9999 for probability zero.
  var finiteLogProbability: Double { self > -9999 ? self : -9999 }
}
