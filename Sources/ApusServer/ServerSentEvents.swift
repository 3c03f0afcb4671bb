internal import ApusJSON
internal import Hummingbird

/// The frames of a `text/event-stream`.
enum ServerSentEvents {
  /// One event with a JSON value.
  static func event(_ json: JSONValue) -> ByteBuffer {
    var bytes = Array("data: ".utf8)
    bytes += json.serialized(.compact)
    bytes += [0x0A, 0x0A]
    return ByteBuffer(bytes: bytes)
  }

  /// The end of a stream, as OpenAI's clients expect it.
  static let done = ByteBuffer(string: "data: [DONE]\n\n")

  /// A comment: clients skip it, and see that the connection lives.
  static let ping = ByteBuffer(string: ": ping\n\n")
}
