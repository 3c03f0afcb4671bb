package import ApusJSON

/// The frames of a stream of JSON values, one a line (NDJSON).
package enum JSONLines {
  /// The content type of a response that consists of such lines.
  package static let contentType = "application/x-ndjson"

  /// One value and the end of its line.
  package static func line(_ json: JSONValue) -> [UInt8] { json.serialized(.compact) + [0x0A] }
}
