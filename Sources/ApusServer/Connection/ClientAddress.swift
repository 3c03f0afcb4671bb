internal import NIOCore

/// Where a client is: its IPv4 address, or the network of 64 bits in which an IPv6 client chooses its addresses.
package struct ClientAddress: Hashable, Sendable {
  private let text: String

  /// Whether it is the machine itself.
  var isLoopback: Bool { text.hasPrefix("127.") || text == "0:0:0:0" }

  /// nil where the connection has no address of the Internet's.
  init?(_ address: SocketAddress) {
    guard let text = address.ipAddress else { return nil }
    self.init(text)
  }

  /// An address as the system writes it.
  package init(_ text: String) {
    let mapped = "::ffff:"
    if text.hasPrefix(mapped), text.utf8.contains(UInt8(ascii: ".")) {
      self.text = String(text.dropFirst(mapped.utf8.count))
    } else if let gap = text.firstRange(of: "::") {
      // Zeros stand for the gap: those behind it matter only where less than four groups stand before it.
      let before = text[..<gap.lowerBound].split(separator: ":")
      let after = text[gap.upperBound...].split(separator: ":")
      let zeros = Array(repeating: Substring("0"), count: max(0, 8 - before.count - after.count))
      self.text = (before + zeros + after).prefix(4).joined(separator: ":")
    } else {
      self.text = text.split(separator: ":").prefix(4).joined(separator: ":")
    }
  }
}
