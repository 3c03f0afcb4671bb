internal import Crypto

/// What is made of a secret for the requests of one day to one service in one region.
struct SigningKey: Sendable {
  /// Day, region, service and the word at the end.
  let scope: [String]
  private let key: SymmetricKey

  init(_ key: AccessKey, scope: [String]) {
    self.scope = scope
    self.key = scope.reduce(SymmetricKey(data: Array("AWS4\(key.secret)".utf8))) { key, part in
      SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
    }
  }

  /// The text that is signed of a canonical request.
  func text(of request: [UInt8], at time: AWSTime) -> [UInt8] {
    Array("AWS4-HMAC-SHA256\n\(time.text)\n\(scope.joined(separator: "/"))\n".utf8) + Self.digest(of: request)
  }

  /// The signature of a text, in hexadecimal digits.
  func signature(of text: [UInt8]) -> [UInt8] {
    Self.hexadecimal(HMAC<SHA256>.authenticationCode(for: text, using: key))
  }

  /// Whether these bytes are the signature of a text; compares in a time that does not depend on where they differ.
  func isSignature(_ bytes: [UInt8], of text: [UInt8]) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: text, using: key)
  }

  /// The digest of a body or of a canonical request, in hexadecimal digits.
  static func digest(of bytes: [UInt8]) -> [UInt8] { hexadecimal(SHA256.hash(data: bytes)) }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}
