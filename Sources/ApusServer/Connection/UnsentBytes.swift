internal import NIOCore

/// Bounds what waits to be sent on a connection.
///
/// A client that does not read is then noticed after some tens of kilobytes; the system alone would keep megabytes for
/// it, which a small model takes minutes to fill.
enum UnsentBytes {
  /// Sets the bounds on a connection that has just been made.
  static func bound(on channel: any Channel) {
    // An option that the system refuses changes no answer.
    _ = channel.setOption(.socketOption(.so_sndbuf), value: 32 << 10)
    _ = channel.setOption(.writeBufferWaterMark, value: .init(low: 4 << 10, high: 16 << 10))
  }
}
