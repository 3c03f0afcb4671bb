internal import HTTPTypes

/// The first line of a request: what it asks for.
struct RequestLine: Sendable {
  let method: HTTPRequest.Method
  /// The path without the query, as it was sent.
  let path: String

  init(_ head: HTTPRequest) {
    method = head.method
    path = Self.path(ofTarget: head.path ?? "/")
  }

  /// Reads a line as it comes, without its end; nil for what is no such line.
  init?(_ bytes: [UInt8]) {
    let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard words.count > 1, words[0].allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }),
      words[1].allSatisfy({ (0x21...0x7E).contains($0) }),
      let method = HTTPRequest.Method(String(decoding: words[0], as: UTF8.self))
    else { return nil }
    self.method = method
    path = Self.path(ofTarget: String(decoding: words[1], as: UTF8.self))
  }

  private static func path(ofTarget target: String) -> String {
    let own = target.firstRange(of: "://").map { target[$0.upperBound...].drop { $0 != "/" } } ?? target[...]
    return String(own.prefix { $0 != "?" && $0 != "#" })
  }
}

/// Keeps the first line of a request whose bytes may come in pieces.
struct RequestLineScan {
  /// Bytes that are kept: paths of dialects are shorter.
  private static let byteLimit = 1024
  private var bytes: [UInt8] = []
  private var isWhole = false

  mutating func take(_ part: some Collection<UInt8>) {
    for byte in part {
      guard !isWhole else { return }
      let isEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      // Empty lines before a request mean nothing.
      if !isEnd { bytes.append(byte) }
      isWhole = (isEnd && !bytes.isEmpty) || bytes.count == Self.byteLimit
    }
  }

  /// The line; nil where too little of it has come to tell.
  var line: RequestLine? { RequestLine(bytes) }
}
