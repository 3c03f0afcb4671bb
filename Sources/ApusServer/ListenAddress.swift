/// Where a server listens: a host and a TCP port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name or an IP address, without brackets.
  package let host: String
  /// 0 lets the system choose.
  package let port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port`, `[::1]:port` or a port alone, which listens on 127.0.0.1.
  package init(_ text: String) throws(ServerError) {
    let colon = text.utf8.lastIndex(of: UInt8(ascii: ":"))
    var host = colon.map { String(text[..<$0]) } ?? "127.0.0.1"
    let digits = colon.map { text[text.utf8.index(after: $0)...] } ?? text[...]
    if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
      host = String(host.dropFirst().dropLast())
    } else if host.utf8.contains(UInt8(ascii: ":")) {
      throw .invalidAddress(text)
    }
    let isPort = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard isPort, let port = Int(digits), port <= 65535, !host.isEmpty else { throw .invalidAddress(text) }
    self.init(host: host, port: port)
  }

  /// Whether only this machine can connect.
  package var isLoopback: Bool { Self.isLoopback(host: host.lowercased()) }

  /// Whether a host, in small letters, is this machine for itself: `localhost`, 127.0.0.0/8 or ::1.
  static func isLoopback(host: String) -> Bool {
    if ["localhost", "::1", "0:0:0:0:0:0:0:1"].contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    let isAddress = parts.allSatisfy { part in
      part.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } && UInt8(part) != nil
    }
    return parts.count == 4 && parts[0] == "127" && isAddress
  }

  /// The address as part of a URL.
  package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
