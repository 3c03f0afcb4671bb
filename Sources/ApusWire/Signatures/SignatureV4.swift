internal import Crypto
internal import FoundationEssentials

/// Checks AWS's signatures, version 4, with keys that both sides know.
///
/// A request is checked in two steps: its head before its body is read, and then all of it. Headers `host` and, where the
/// signature is a header, `x-amz-date` must be signed; the body always is.
package struct SignatureV4: Sendable {
  /// Seconds by which the clocks of client and server may differ.
  private static let tolerance = 300
  /// What stands before the text of a token that is made of a signature.
  private static let tokenPrefix = "bedrock-api-key-"

  private let keys: [String: AccessKey]

  /// Checks with these keys; of several with one name the last counts.
  package init(keys: some Sequence<AccessKey>) {
    self.keys = keys.reduce(into: [:]) { $0[$1.id] = $1 }
  }

  /// Whether a text is a token of the form that `check(bearerToken:now:)` reads.
  package static func isToken(_ text: some StringProtocol) -> Bool { text.hasPrefix(tokenPrefix) }

  /// Checks all that a head tells, for a service as it is named when signing, at a second since 1970.
  ///
  /// - Returns: The signature, which is yet to be checked.
  /// - Throws: `SignatureRefusal` where the request cannot be let in, whatever its body is.
  package func claim(
    of head: SignedHead, service: String, now: Int
  ) throws(SignatureRefusal) -> SignatureClaim {
    let parameters = try SignatureParameters(head)
    try Self.check(parameters.scope, service, parameters.time)
    guard let key = keys[parameters.accessKeyID] else { throw .unknownKey }
    guard Self.isSame(parameters.sessionToken ?? "", key.sessionToken ?? "") else { throw .unknownKey }
    try Self.check(parameters, now)
    for name in parameters.lifetime == nil ? ["host", "x-amz-date"] : ["host"] {
      guard parameters.signedHeaders.contains(name) else {
        throw .mismatch("'\(name)' must be a 'SignedHeader' in the AWS Authorization.")
      }
    }
    let omitted = parameters.lifetime.map { _ in SignatureParameters.signatureInQuery }
    guard let canonical = head.canonical(signing: parameters.signedHeaders, withoutQuery: omitted) else {
      throw .otherSignature
    }
    return SignatureClaim(key, parameters, canonical)
  }

  /// Checks a token as Bedrock's clients make it of a signature for a while; gives the name of the key.
  ///
  /// - Throws: `SignatureRefusal` where it is none, or nobody made it who may.
  package func check(bearerToken token: String, now: Int) throws(SignatureRefusal) -> String {
    guard token.hasPrefix(Self.tokenPrefix),
      let data = Data(base64Encoded: String(token.dropFirst(Self.tokenPrefix.count))),
      let url = String(validating: data, as: UTF8.self), let slash = url.firstIndex(of: "/"),
      // The version is put behind the signature and is not signed.
      url.hasSuffix("&Version=1")
    else { throw .unknownKey }
    let head = SignedHead(
      method: "POST", target: String(url[slash...].dropLast("&Version=1".count)),
      fields: CollectionOfOne((name: "host", value: String(url[..<slash]))))
    guard
      head.query.contains(where: { $0.name == Array("Action".utf8) && $0.value == Array("CallWithBearerToken".utf8) })
    else { throw .unknownKey }
    do throws(SignatureRefusal) {
      let claim = try claim(of: head, service: "bedrock", now: now)
      try claim.check(body: [])
      return claim.accessKeyID
    } catch {
      throw error.kind == .expired ? error : .unknownKey
    }
  }

  private static func check(_ scope: [String], _ service: String, _ time: AWSTime) throws(SignatureRefusal) {
    guard scope[0] == time.day else {
      throw .mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
    }
    guard !scope[1].isEmpty else { throw .mismatch("Credential should be scoped to a valid region.") }
    guard scope[2] == service else {
      throw .mismatch("Credential should be scoped to correct service: '\(service)'.")
    }
    guard scope[3] == "aws4_request" else {
      throw .mismatch("Credential should be scoped with a valid terminator: 'aws4_request'.")
    }
  }

  /// Checks that the signature is good at this moment.
  private static func check(_ parameters: SignatureParameters, _ now: Int) throws(SignatureRefusal) {
    let time = parameters.time
    let latest = AWSTime(seconds: now + tolerance)
    guard time.seconds <= latest.seconds else {
      throw .mismatch(
        "Signature not yet current: \(time.text) is still later than \(latest.text) "
          + "(\(AWSTime(seconds: now).text) + \(tolerance / 60) min.)")
    }
    if let lifetime = parameters.lifetime {
      guard now < time.seconds + lifetime else { throw .expired }
      return
    }
    let earliest = AWSTime(seconds: now - tolerance)
    guard time.seconds >= earliest.seconds else {
      throw .mismatch(
        "Signature expired: \(time.text) is now earlier than \(earliest.text) "
          + "(\(AWSTime(seconds: now).text) - \(tolerance / 60) min.)")
    }
  }

  /// Compares in a time that does not depend on where the texts differ.
  private static func isSame(_ a: String, _ b: String) -> Bool {
    let key = SymmetricKey(size: .bits256)
    let code = HMAC<SHA256>.authenticationCode(for: Array(a.utf8), using: key)
    return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(b.utf8), using: key)
  }
}

/// A signature of a known key, for a head that was looked at: whether it is right shows with the body.
package struct SignatureClaim: Sendable {
  /// The name of the key.
  package let accessKeyID: String
  private let parameters: SignatureParameters
  private let signingKey: SigningKey
  private let canonical: [UInt8]

  fileprivate init(_ key: AccessKey, _ parameters: SignatureParameters, _ canonical: [UInt8]) {
    accessKeyID = key.id
    self.parameters = parameters
    self.canonical = canonical
    signingKey = SigningKey(key, scope: parameters.scope)
  }

  /// Checks the signature of head and body, in a time that does not depend on where it differs.
  package func check(body: [UInt8]) throws(SignatureRefusal) {
    let text = signingKey.text(of: canonical + SigningKey.digest(of: body), at: parameters.time)
    guard signingKey.isSignature(parameters.signature, of: text) else { throw .otherSignature }
  }
}
