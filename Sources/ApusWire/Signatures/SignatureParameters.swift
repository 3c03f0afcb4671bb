internal import ApusText

/// What a request says of its signature, in the header `Authorization` or in its query.
struct SignatureParameters: Sendable {
  /// The part of the query that has the signature and so cannot be signed itself.
  static let signatureInQuery = "X-Amz-Signature"
  private static let algorithm = "AWS4-HMAC-SHA256"
  private static let headerLimit = 100
  /// A week, as AWS has it.
  private static let longestLifetime = 604_800

  let accessKeyID: String
  /// Day, region, service and the word at the end.
  let scope: [String]
  let signedHeaders: [String]
  let signature: [UInt8]
  let time: AWSTime
  /// Seconds for which a signature in a query is good; nil for one in a header.
  let lifetime: Int?
  let sessionToken: String?

  /// Reads what a head says.
  init(_ head: SignedHead) throws(SignatureRefusal) {
    if head.has("authorization") {
      try self.init(header: head)
    } else if head.isPresigned {
      try self.init(query: head)
    } else {
      throw .missing
    }
  }

  private init(header head: SignedHead) throws(SignatureRefusal) {
    guard let text = head.only("authorization") else {
      throw .incomplete("There must be one Authorization header.")
    }
    let parts = text.split(separator: " ", maxSplits: 1)
    guard let word = parts.first, word == Self.algorithm else {
      throw .incomplete("Authorization header requires the algorithm '\(Self.algorithm)'.")
    }
    var values: [Substring: String] = [:]
    for part in (parts.count > 1 ? parts[1] : "").split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.trimmedOfSpace.split(separator: "=", maxSplits: 1)
      guard sides.count == 2, values.updateValue(String(sides[1]), forKey: sides[0]) == nil else {
        throw .incomplete("Authorization header must be a list of different names, each with '=' and a value.")
      }
    }
    func value(_ name: Substring) throws(SignatureRefusal) -> String {
      guard let value = values[name] else {
        throw .incomplete("Authorization header requires '\(name)' parameter.")
      }
      return value
    }
    guard let date = head.only("x-amz-date") else {
      throw .incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
    }
    guard !head.has("x-amz-security-token") || head.only("x-amz-security-token") != nil else { throw .unknownKey }
    try self.init(
      credential: value("Credential"), signedHeaders: value("SignedHeaders"), signature: value("Signature"),
      date: date, lifetime: nil, sessionToken: head.only("x-amz-security-token"))
  }

  private init(query head: SignedHead) throws(SignatureRefusal) {
    func optional(_ name: String) throws(SignatureRefusal) -> String? {
      let values = head.query.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
      guard values.count < 2 else { throw .incomplete("AWS query-string parameters must not repeat '\(name)'.") }
      return values.first.map { String(decoding: $0, as: UTF8.self) }
    }
    func value(_ name: String) throws(SignatureRefusal) -> String {
      guard let value = try optional(name) else {
        throw .incomplete("AWS query-string parameters must include '\(name)'.")
      }
      return value
    }
    guard try value("X-Amz-Algorithm") == Self.algorithm else {
      throw .incomplete("Unsupported AWS 'algorithm': it must be '\(Self.algorithm)'.")
    }
    guard let lifetime = Int(try value("X-Amz-Expires")), (1...Self.longestLifetime).contains(lifetime) else {
      throw .incomplete("'X-Amz-Expires' must be a number from 1 to \(Self.longestLifetime).")
    }
    try self.init(
      credential: value("X-Amz-Credential"), signedHeaders: value("X-Amz-SignedHeaders"),
      signature: value(Self.signatureInQuery), date: value("X-Amz-Date"), lifetime: lifetime,
      sessionToken: optional("X-Amz-Security-Token"))
  }

  private init(
    credential: String, signedHeaders: String, signature: String, date: String, lifetime: Int?, sessionToken: String?
  ) throws(SignatureRefusal) {
    let parts = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, !parts[0].isEmpty else {
      throw .incomplete("'Credential' must have the form KEY/DATE/REGION/SERVICE/aws4_request.")
    }
    let names = signedHeaders.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
    let isSorted = zip(names, names.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard names.count <= Self.headerLimit, isSorted, names.allSatisfy({ !$0.isEmpty && $0 == $0.lowercased() }) else {
      throw .incomplete(
        "'SignedHeaders' must be at most \(Self.headerLimit) names in small letters, sorted, with ';' between them.")
    }
    guard let bytes = Self.bytes(ofHexadecimal: signature), bytes.count == 32 else {
      throw .incomplete("'Signature' must be 64 hexadecimal digits.")
    }
    guard let time = AWSTime(date) else {
      throw .incomplete("Date must be in ISO-8601 'basic format': YYYYMMDD'T'HHMMSS'Z'.")
    }
    accessKeyID = parts[0]
    scope = Array(parts[1...])
    self.signedHeaders = names
    self.signature = bytes
    self.time = time
    self.lifetime = lifetime
    self.sessionToken = sessionToken
  }

  private static func bytes(ofHexadecimal text: String) -> [UInt8]? {
    let digits = text.utf8.prefix(65).map(hexDigitValue)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index], let low = digits[index + 1] else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
