internal import ApusStore
internal import ApusTestSupport
internal import NIOCore
internal import Testing

/// What a Redis server says, or something that pretends to be one.
struct RedisReplyTests {
  private static let replies: [(text: String, reply: RedisReply)] = [
    ("+OK\r\n", .status("OK")), ("+\r\n", .status("")),
    ("$-1\r\n", .value(nil)), ("$0\r\n\r\n", .value([])), ("$3\r\na\r\n\r\n", .value(Array("a\r\n".utf8))),
    ("-WRONGPASS invalid password 's3cret'\r\n", .error("WRONGPASS")), ("-\r\n", .error("")),
    ("-no word s3cret\r\n", .error("")),
  ]

  /// All replies in what has come, piece by piece.
  private static func read(_ pieces: [[UInt8]], limit: Int = 64) throws -> [RedisReply] {
    var (decoder, buffer, replies) = (RedisReplyDecoder(valueByteLimit: limit), ByteBuffer(), [RedisReply]())
    for piece in pieces {
      buffer.writeBytes(piece)
      while let reply = try decoder.decode(buffer: &buffer) { replies.append(reply) }
    }
    return replies
  }

  @Test func `Replies are read one after the other, in whatever pieces they come`() throws {
    let bytes = Self.replies.flatMap { Array($0.text.utf8) }
    #expect(try Self.read([bytes]) == Self.replies.map(\.reply))
    #expect(try Self.read(bytes.map { [$0] }) == Self.replies.map(\.reply))
    for cut in bytes.indices {
      #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.replies.map(\.reply))
    }
  }

  @Test func `Half a reply is none`() throws {
    for (text, _) in Self.replies {
      for count in 0..<text.utf8.count { #expect(try Self.read([Array(text.utf8.prefix(count))]).isEmpty) }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 400 Bad Request\r\n", "*1\r\n$1\r\na\r\n", "*-1\r\n", "\r\n", "+OK\n", "$65\r\n", "$-2\r\n", "$x\r\n",
    "$99999999999999999999999\r\n", "$9223372036854775807\r\n", "$-9223372036854775808\r\n", ":\r\n", ":12\r\n",
    ":-1\r\n", "$1\r\nab\r\n", "$1\r\na\n\n", "_\r\n", "%1\r\n", "$ 1\r\n",
  ])
  func `What is no reply to our commands is an error`(_ text: String) {
    #expect(throws: RedisProtocolError.self) { try Self.read([Array(text.utf8)]) }
  }

  @Test func `A line without an end is given up`() throws {
    let start = [UInt8](repeating: UInt8(ascii: "+"), count: RedisReplyDecoder.lineByteLimit - 1)
    #expect(try Self.read([start]).isEmpty)
    #expect(throws: RedisProtocolError.self) { try Self.read([start, [0x61]]) }
  }

  @Test func `Any bytes are replies or an error`() {
    var chance = SeededGenerator(seed: 12)
    let alphabet = Array("+-:$*0129\r\naOK".utf8)
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0...40, using: &chance)).map { _ in
        alphabet[Int.random(in: alphabet.indices, using: &chance)]
      }
      let replies = (try? Self.read([bytes])) ?? []
      #expect(replies.count <= bytes.count)
    }
  }

  @Test func `An address says where the server is, and who asks`() throws {
    let full = try RedisAddress("redis://ann:p%40ss%2Fword@cache.example:7000/3")
    #expect(full.host == "cache.example" && full.port == 7000 && full.database == 3)
    #expect(full.user == "ann" && full.password == "p@ss/word")
    let short = try RedisAddress("valkey://localhost")
    #expect(short.host == "localhost" && short.port == 6379 && short.database == 0 && short.password == nil)
    #expect(try RedisAddress("redis://:pass@[::1]:1").host == "::1")
    #expect(try RedisAddress("redis://:pass@h/").user == nil)
  }

  @Test(arguments: [
    "redis:s3cret@h", "redis://", "redis://ann:s3cret@", "redis://ann@h", "redis://h:0", "redis://h:99999",
    "redis://ann:s3cret@h/x", "redis://ann:s3cret@h/1/2", "http://ann:s3cret@h", "rediss://ann:s3cret@h", "s3cret@h",
    "redis://h/99999999999999999999", "redis://h?password=s3cret", "redis://ann:s3 cret@h:port",
  ])
  func `An address that is none is a sentence without its password`(_ text: String) {
    #expect { try RedisAddress(text) } throws: { error in
      error is StoreError && !"\(error)".contains("s3") && "\(error)".contains("redis://")
    }
  }
}
