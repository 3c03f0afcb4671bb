package import NIOCore

/// How long a request's body may still take to come.
///
/// It has some time at first, and more for all that has come: a large body that goes on is not cut, and who sends next
/// to nothing gains next to nothing.
package struct BodyPace {
  /// So many bytes at a time show that a client goes on.
  private static let stepByteCount = 64 << 10
  private let patience: TimeAmount
  private let bytesPerSecond: Int
  private let start: NIODeadline
  private var byteCount = 0

  package init(_ timeouts: ServerTimeouts, start: NIODeadline = .now()) {
    (patience, bytesPerSecond) = (TimeAmount(timeouts.body), timeouts.bodyBytesPerSecond)
    self.start = start
  }

  /// Takes note of bytes that have come; true where another step is complete with them.
  package mutating func take(_ count: Int) -> Bool {
    let steps = byteCount / Self.stepByteCount
    byteCount += count
    return byteCount / Self.stepByteCount > steps
  }

  /// The time that is left; nil for a body that is late.
  package func timeLeft(at now: NIODeadline = .now()) -> TimeAmount? {
    let earned = TimeAmount.nanoseconds(Int64(Double(byteCount) / Double(bytesPerSecond) * 1e9))
    let left = start + patience + earned - now
    return left > .zero ? left : nil
  }
}
