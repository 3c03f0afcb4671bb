internal import ApusJSON
internal import HTTPTypes

/// How the pieces of an answer are cut into frames.
enum Framing: Sendable {
  /// Server-sent events, with names or without.
  case events
  /// One JSON value per line.
  case lines

  /// The header fields of a stream.
  var headers: HTTPFields {
    switch self {
    case .events:
      var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
      if let unbuffered = HTTPField.Name("X-Accel-Buffering") { headers[unbuffered] = "no" }
      return headers
    case .lines: return [.contentType: "application/x-ndjson"]
    }
  }

  /// What clients skip, and take as a sign that the connection lives; nil where there is nothing of that kind.
  var signOfLife: [UInt8]? {
    switch self {
    case .events: Array(": ping\n\n".utf8)
    case .lines: nil
    }
  }

  /// One frame with a JSON value; `name` is the event's, where frames have names.
  func frame(_ json: JSONValue, name: String? = nil) -> [UInt8] {
    switch self {
    case .events:
      Array((name.map { "event: \($0)\n" } ?? "").utf8) + Array("data: ".utf8) + json.serialized(.compact)
        + [0x0A, 0x0A]
    case .lines: json.serialized(.compact) + [0x0A]
    }
  }
}
