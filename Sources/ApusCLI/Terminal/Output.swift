private import ApusSystem

/// Why standard output takes no more.
enum OutputError: Error, CustomStringConvertible {
  /// The reader has gone: nobody is left to tell.
  case closed
  case failed(String)

  var description: String {
    switch self {
    case .closed: "nobody reads the output"
    case .failed(let reason): "the output cannot be written: \(reason)"
    }
  }
}

/// Standard output: collects bytes, and writes them when told to or when many have come.
final class Output {
  private static let limit = 1 << 16
  private var pending: [UInt8] = []

  /// Adds `text`.
  func write(_ text: String) throws(OutputError) {
    pending.append(contentsOf: text.utf8)
    if pending.count >= Self.limit { try flush() }
  }

  /// Adds `text` and the end of the line.
  func writeLine(_ text: String = "") throws(OutputError) { try write(text + "\n") }

  /// Adds bytes as they are.
  func write(_ bytes: [UInt8]) throws(OutputError) {
    pending.append(contentsOf: bytes)
    if pending.count >= Self.limit { try flush() }
  }

  /// Writes all that was collected.
  func flush() throws(OutputError) {
    defer { pending.removeAll(keepingCapacity: true) }
    guard let failure = writeAll(pending, to: STDOUT_FILENO) else { return }
    throw failure == EPIPE ? .closed : .failed(unsafe String(cString: strerror(failure)))
  }
}

/// Standard error: written at once; what cannot be written is lost.
enum StandardError {
  static func write(_ text: String) { _ = writeAll(Array(text.utf8), to: STDERR_FILENO) }

  /// Writes a last message; a program must not stay because nobody takes its last words within a second.
  static func writeLast(_ text: String) {
    if Terminal.isError || canTake(within: 1000) { write(text) }
  }

  /// Whether a short message can be written without waiting longer than so many milliseconds; safe in signal handlers.
  static func canTake(within milliseconds: Int32) -> Bool {
    var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&request, 1, milliseconds) > 0
  }
}

/// Writes all of `bytes`, waiting for a reader where there must be one; the error number where that fails.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    if count < 0 && errno == EAGAIN {
      // Another program has made the descriptor, which it shares, one that never waits.
      var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = unsafe poll(&request, 1, -1)
      continue
    }
    guard count > 0 else { return errno }
    rest = rest.dropFirst(count)
  }
  return nil
}
