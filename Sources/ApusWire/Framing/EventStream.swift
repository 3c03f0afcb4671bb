package import ApusJSON
internal import ApusText

/// One message of AWS's binary event stream, `application/vnd.amazon.eventstream`.
///
/// On the wire: the length of all, the length of the headers, the checksum of these two; headers; payload; the checksum
/// of all before. Numbers are 32 bits, the highest byte first. Every header here is a text: the length of its name in one
/// byte, the name, the number 7, the length of its value in two bytes, the value.
package struct EventStream: Sendable {
  /// The content type of a response that consists of such messages.
  package static let contentType = "application/vnd.amazon.eventstream"
  /// Bytes that a payload may have: clients refuse more.
  package static let payloadLimit = 24 << 20
  /// Bytes that the value of a header may have.
  private static let valueLimit = 1024

  private let headers: [(name: String, value: String)]
  private let payload: [UInt8]

  private init(_ type: String, _ headers: [(name: String, value: String)], _ payload: [UInt8]) {
    self.headers = headers + [(":message-type", type)]
    self.payload = payload
  }

  /// An event of a service's model, by the name of its member there.
  package static func event(_ name: String, _ payload: JSONValue) -> EventStream {
    event(name, contentType: "application/json", payload.serialized(.compact))
  }

  /// An event whose payload is no JSON, such as a part of what another server answers.
  package static func event(_ name: String, raw payload: [UInt8]) -> EventStream {
    event(name, contentType: "application/octet-stream", payload)
  }

  private static func event(_ name: String, contentType: String, _ payload: [UInt8]) -> EventStream {
    EventStream("event", [(":event-type", name), (":content-type", contentType)], payload)
  }

  /// A failure that the service's model knows, by the name of its member there: `throttlingException` in Bedrock's,
  /// `ModelStreamError` in SageMaker's.
  package static func exception(_ name: String, _ payload: JSONValue) -> EventStream {
    EventStream(
      "exception", [(":exception-type", name), (":content-type", "application/json")], payload.serialized(.compact))
  }

  /// A failure that the service's model does not know.
  package static func error(code: String, message: String) -> EventStream {
    EventStream("error", [(":error-code", code), (":error-message", message)], [])
  }

  /// The message's bytes.
  ///
  /// Text of headers beyond 1,024 bytes is cut. An error takes the place of a payload that no client would take.
  package var bytes: [UInt8] {
    guard payload.count <= Self.payloadLimit else {
      return Self.error(code: "PayloadTooLarge", message: "a part of the answer is larger than an event may be").bytes
    }
    let headers = headers.flatMap { Self.bytes(ofHeader: $0.name, $0.value) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + headers.count + payload.count)
    bytes.append(bigEndian: UInt32(16 + headers.count + payload.count))
    bytes.append(bigEndian: UInt32(headers.count))
    bytes.append(bigEndian: CRC32.of(bytes))
    bytes += headers
    bytes += payload
    bytes.append(bigEndian: CRC32.of(bytes))
    return bytes
  }

  private static func bytes(ofHeader name: String, _ value: String) -> [UInt8] {
    let name = name.shortened(toByteCount: Int(UInt8.max))
    let value = value.shortened(toByteCount: valueLimit)
    var bytes = [UInt8(name.utf8.count)] + name.utf8 + [7]
    bytes += [UInt8(value.utf8.count >> 8), UInt8(value.utf8.count & 0xFF)]
    return bytes + value.utf8
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian value: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
