package import ApusJSON

/// The frames of a `text/event-stream`.
package enum ServerSentEvents {
  /// The content type of a response that consists of such frames.
  package static let contentType = "text/event-stream"

  /// One event with a JSON value; `name` is a word of the API, without line breaks.
  package static func event(_ json: JSONValue, name: String? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    if let name { bytes += Array("event: \(name)\n".utf8) }
    bytes += Array("data: ".utf8)
    bytes += json.serialized(.compact)
    return bytes + [0x0A, 0x0A]
  }

  /// The end of a stream, as OpenAI's clients expect it.
  package static let done = Array("data: [DONE]\n\n".utf8)

  /// A comment: clients skip it, and see that the connection lives.
  package static let ping = Array(": ping\n\n".utf8)
}
