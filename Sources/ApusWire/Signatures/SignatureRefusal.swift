/// Why a signed request is not let in, in AWS's own names and words.
///
/// Nothing of a request stands in a message but moments that were read from it.
package struct SignatureRefusal: Error, Sendable, Equatable {
  /// The errors of AWS that a signature can bring; all of them have status 403.
  package enum Kind: String, Sendable, CaseIterable {
    /// The request is not signed.
    case missing = "MissingAuthenticationTokenException"
    /// What should be a signature is none.
    case incomplete = "IncompleteSignatureException"
    /// Nobody knows the key.
    case unknownKey = "UnrecognizedClientException"
    /// The signature is not that of this request, with this key, here and now.
    case mismatch = "InvalidSignatureException"
    /// The time for which a signature was made has passed.
    case expired = "ExpiredTokenException"
  }

  /// The error; its raw value is AWS's name.
  package let kind: Kind
  /// What to tell the client.
  package let message: String

  /// The request is not signed.
  package static let missing = SignatureRefusal(kind: .missing, message: "Missing Authentication Token")
  static let unknownKey = SignatureRefusal(
    kind: .unknownKey, message: "The security token included in the request is invalid.")
  static let otherSignature = SignatureRefusal(
    kind: .mismatch,
    message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      + "Access Key and signing method. Consult the service documentation for details.")
  static let expired = SignatureRefusal(
    kind: .expired, message: "The security token included in the request is expired")

  static func incomplete(_ message: String) -> SignatureRefusal {
    SignatureRefusal(kind: .incomplete, message: message)
  }

  static func mismatch(_ message: String) -> SignatureRefusal { SignatureRefusal(kind: .mismatch, message: message) }
}
