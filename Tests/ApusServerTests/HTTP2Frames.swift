internal import NIOCore
internal import NIOHPACK

/// Frames of HTTP/2, byte by byte, for what no well-behaved client sends.
enum HTTP2Frames {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + settings()

  enum Kind: UInt8 {
    case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
  }

  static func frame(_ kind: Kind, flags: UInt8 = 0, stream: Int = 0, _ payload: [UInt8] = []) -> [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), kind.rawValue, flags]
      + bytes(of: stream) + payload
  }

  private static func bytes(of number: Int) -> [UInt8] {
    [UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
  }

  static func settings(acknowledging: Bool = false) -> [UInt8] { frame(.settings, flags: acknowledging ? 1 : 0) }

  /// Says how many bytes each stream may have before its window is widened.
  static func settings(window: Int) -> [UInt8] { frame(.settings, [0, 4] + bytes(of: window)) }

  /// Lets a stream have more.
  static func widen(_ stream: Int) -> [UInt8] { frame(.windowUpdate, stream: stream, bytes(of: 65_535)) }

  static func ping() -> [UInt8] { frame(.ping, [1, 2, 3, 4, 5, 6, 7, 8]) }

  static func reset(_ stream: Int) -> [UInt8] { frame(.reset, stream: stream, bytes(of: 8)) }

  static func data(_ text: String, stream: Int, ends: Bool = true) -> [UInt8] {
    frame(.data, flags: ends ? 1 : 0, stream: stream, Array(text.utf8))
  }

  /// The header of a request; a body follows where it does not end the request.
  static func head(
    _ method: String, _ path: String, stream: Int, ends: Bool = true, authority: String? = "x",
    fields: [(String, String)] = []
  ) -> [UInt8] {
    var list = [(":method", method), (":scheme", "https"), (":path", path)]
    if let authority { list.append((":authority", authority)) }
    // END_HEADERS is 4, END_STREAM 1.
    return frame(.headers, flags: ends ? 5 : 4, stream: stream, block(list + fields))
  }

  /// A request with a body.
  static func post(_ body: String, stream: Int, path: String = "/v1/completions") -> [UInt8] {
    head("POST", path, stream: stream, ends: false) + data(body, stream: stream)
  }

  /// Header fields, none of which is remembered.
  static func block(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += [0, UInt8(name.utf8.count)]
      bytes += name.utf8
      bytes.append(UInt8(value.utf8.count))
      bytes += value.utf8
    }
    return bytes
  }
}

/// What a server of HTTP/2 has sent.
struct HTTP2Answers {
  private(set) var statuses: [Int: Int] = [:]
  private(set) var texts: [Int: String] = [:]
  private(set) var ended: Set<Int> = []
  private(set) var resets: [Int: Int] = [:]
  /// The error code with which the server gave the connection up.
  private(set) var goAway: Int?

  init(_ bytes: [UInt8]) throws {
    var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    var buffer = ByteBuffer(bytes: bytes)
    while let start = buffer.readBytes(length: 9) {
      let length = Int(start[0]) << 16 | Int(start[1]) << 8 | Int(start[2])
      let stream = start[5...8].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
      guard var payload = buffer.readSlice(length: length) else { return }
      switch HTTP2Frames.Kind(rawValue: start[3]) {
      case .headers:
        let fields = try decoder.decodeHeaders(from: &payload)
        if let status = fields.first(name: ":status").flatMap({ Int($0) }) { statuses[stream] = status }
        if start[4] & 1 != 0 { ended.insert(stream) }
      case .data:
        texts[stream, default: ""] += String(buffer: payload)
        if start[4] & 1 != 0 { ended.insert(stream) }
      case .reset: resets[stream] = payload.readInteger(as: UInt32.self).map { Int($0) }
      case .goAway:
        _ = payload.readInteger(as: UInt32.self)
        goAway = payload.readInteger(as: UInt32.self).map { Int($0) }
      default: break
      }
    }
  }
}
