/// Signs requests to stores of objects that speak as Amazon S3 does, in a header, version 4.
package struct ObjectSigner: Sendable {
  private let key: AccessKey
  private let region: String

  /// Signs with a key for a region as its store names it.
  package init(key: AccessKey, region: String) {
    self.key = key
    self.region = region
  }

  /// The path of an object as it is sent and signed: its escapes are those of AWS.
  package static func path(bucket: String, key: String) -> String {
    "/" + String(decoding: PercentEncoding.encoded("\(bucket)/\(key)".utf8, keepsSlashes: true), as: UTF8.self)
  }

  /// All header fields of a signed request but `Host`.
  ///
  /// - Parameters:
  ///   - method: The method, in capital letters.
  ///   - host: The value of `Host`, with the port where that is not the usual one.
  ///   - target: Path and query, as they are sent.
  ///   - fields: Header fields that it has itself, which are signed, too.
  ///   - body: Its body.
  ///   - now: Seconds since 1970.
  /// - Returns: The fields, `Authorization` last.
  package func fields(
    _ method: String, host: String, target: String, _ fields: [(name: String, value: String)], body: [UInt8], now: Int
  ) -> [(name: String, value: String)] {
    let time = AWSTime(seconds: now)
    let digest = SigningKey.digest(of: body)
    var own = fields
    own.append(("x-amz-content-sha256", String(decoding: digest, as: UTF8.self)))
    own.append(("x-amz-date", time.text))
    if let token = key.sessionToken { own.append(("x-amz-security-token", token)) }
    let signed = own + [(name: "host", value: host)]
    let names = Set(signed.map { $0.name.lowercased() }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let head = SignedHead(method: method, target: target, fields: signed)
    let signing = SigningKey(key, scope: [time.day, region, "s3", "aws4_request"])
    // All names are those of fields that are there.
    let canonical = head.canonical(signing: names, withoutQuery: nil, keepsPath: true) ?? []
    let signature = signing.signature(of: signing.text(of: canonical + digest, at: time))
    own.append(
      (
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=\(key.id)/\(signing.scope.joined(separator: "/")), "
          + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(String(decoding: signature, as: UTF8.self))"
      ))
    return own
  }
}
