internal import ApusJSON
internal import ApusWire
internal import HTTPTypes

/// How the pieces of an answer are cut into frames.
enum Framing: Sendable {
  /// Server-sent events, with names or without.
  case events
  /// One JSON value per line.
  case lines
  /// AWS's binary event stream.
  case eventStream

  /// The header fields of a stream.
  var headers: HTTPFields {
    switch self {
    case .events:
      var headers: HTTPFields = [.contentType: ServerSentEvents.contentType, .cacheControl: "no-cache"]
      if let unbuffered = HTTPField.Name("X-Accel-Buffering") { headers[unbuffered] = "no" }
      return headers
    case .lines: return [.contentType: JSONLines.contentType]
    case .eventStream: return [.contentType: EventStream.contentType]
    }
  }

  /// What clients skip, and take as a sign that the connection lives; nil where there is nothing of that kind.
  var signOfLife: [UInt8]? {
    switch self {
    case .events: ServerSentEvents.ping
    case .lines: nil
    // An event that no model has: AWS's clients read it and do not hand it on.
    case .eventStream: EventStream.event("ping", [:]).bytes
    }
  }

  /// One frame with a JSON value; `name` is the event's, where frames have names.
  func frame(_ json: JSONValue, name: String? = nil) -> [UInt8] {
    switch self {
    case .events: ServerSentEvents.event(json, name: name)
    case .lines: JSONLines.line(json)
    case .eventStream: EventStream.event(name ?? "chunk", json).bytes
    }
  }

  /// One frame with an event that says its type itself, which is its name, too.
  func frame(typed event: JSONValue) -> [UInt8] {
    let name: String? = if case .string(let type)? = event["type"] { type } else { nil }
    return frame(event, name: name)
  }
}
