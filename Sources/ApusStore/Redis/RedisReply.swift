package import NIOCore

/// What a Redis server says to one command, as far as our commands have replies.
package enum RedisReply: Sendable, Equatable {
  /// `OK`, `PONG`.
  case status(String)
  /// Nil where there is no value.
  case value([UInt8]?)
  /// The first word of an error, such as `WRONGPASS`: the rest may hold anything.
  case error(String)
}

/// Why what has come is no reply.
package struct RedisProtocolError: Error, Equatable {}

/// Cuts what a server sends into replies, in the form of RESP 2; what comes may be anything.
///
/// Source: the specification at redis.io/docs/latest/develop/reference/protocol-spec.
package struct RedisReplyDecoder: NIOSingleStepByteToMessageDecoder {
  package typealias InboundOut = RedisReply

  private let valueByteLimit: Int
  /// Bytes of a line at most, which no reply to our commands comes near.
  package static let lineByteLimit = 4096

  private static let endOfLine: [UInt8] = [0x0D, 0x0A]

  /// Reads values of at most so many bytes.
  package init(valueByteLimit: Int) { self.valueByteLimit = valueByteLimit }

  /// The next reply; nil where more bytes are needed.
  package mutating func decode(buffer: inout ByteBuffer) throws -> RedisReply? {
    var rest = buffer
    guard let reply = try next(in: &rest) else { return nil }
    buffer = rest
    return reply
  }

  package mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> RedisReply? {
    try decode(buffer: &buffer)
  }

  private func next(in buffer: inout ByteBuffer) throws(RedisProtocolError) -> RedisReply? {
    guard let line = try line(in: &buffer) else { return nil }
    let content = line.dropFirst()
    switch line.first {
    case UInt8(ascii: "+"): return .status(String(decoding: content, as: UTF8.self))
    case UInt8(ascii: "-"): return .error(Self.word(content))
    case UInt8(ascii: "$"): return try value(try Self.number(content), in: &buffer)
    default: throw RedisProtocolError()
    }
  }

  /// The bytes up to the end of a line, which is taken, too; nil where that has not come.
  private func line(in buffer: inout ByteBuffer) throws(RedisProtocolError) -> ArraySlice<UInt8>? {
    let view = buffer.readableBytesView.prefix(Self.lineByteLimit)
    guard let end = view.firstIndex(of: Self.endOfLine[1]) else {
      guard buffer.readableBytes < Self.lineByteLimit else { throw RedisProtocolError() }
      return nil
    }
    let line = Array(view[..<end])
    guard line.last == Self.endOfLine[0] else { throw RedisProtocolError() }
    buffer.moveReaderIndex(forwardBy: line.count + 1)
    return line.dropLast()
  }

  private func value(_ count: Int, in buffer: inout ByteBuffer) throws(RedisProtocolError) -> RedisReply? {
    if count == -1 { return .value(nil) }
    guard (0...valueByteLimit).contains(count) else { throw RedisProtocolError() }
    guard buffer.readableBytes >= count + 2 else { return nil }
    guard let value = buffer.readBytes(length: count), buffer.readBytes(length: 2) == Self.endOfLine else {
      throw RedisProtocolError()
    }
    return .value(value)
  }

  private static func number(_ digits: ArraySlice<UInt8>) throws(RedisProtocolError) -> Int {
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw RedisProtocolError() }
    return number
  }

  /// The first word of an error, if it is one of capital letters.
  private static func word(_ line: ArraySlice<UInt8>) -> String {
    let word = line.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    return word.count <= 32 ? String(decoding: word, as: UTF8.self) : ""
  }
}

/// A command as a server reads it: an array of texts.
enum RedisCommand {
  static func bytes(_ words: [[UInt8]]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(words.reduce(16) { $0 + $1.count + 16 })
    buffer.writeString("*\(words.count)\r\n")
    for word in words {
      buffer.writeString("$\(word.count)\r\n")
      buffer.writeBytes(word)
      buffer.writeString("\r\n")
    }
    return buffer
  }
}
