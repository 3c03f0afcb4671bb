private import ApusSystem
internal import ApusText

/// Standard input, in pieces and lines, without a byte order mark at its start; holds one line at most.
final class Input {
  /// A line without its end, which is \n or \r\n.
  enum Line: Equatable {
    case text([UInt8])
    /// A line longer than the limit, skipped to its end.
    case tooLong
  }

  private let lineLimit: Int
  private var pending: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  private var isAtStart = true

  /// Reads lines of at most `lineLimit` bytes.
  init(lineLimit: Int = 8 << 20) { self.lineLimit = lineLimit }

  /// Whether a read would wait for more input to come.
  var isDrained: Bool { position == pending.count }

  /// The next line; nil at the end, and the last line need not have an end.
  ///
  /// `willWait` is called before each read.
  func nextLine(willWait: () throws(OutputError) -> Void = {}) throws -> Line? {
    var line: [UInt8] = []
    var isTooLong = false
    var isEmpty = true
    while true {
      if isDrained {
        try willWait()
        guard try fill() else { break }
      }
      isEmpty = false
      let rest = pending[position...]
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      if !isTooLong { line.append(contentsOf: rest[..<(end ?? rest.endIndex)]) }
      position = end.map { $0 + 1 } ?? pending.count
      if line.count > lineLimit {
        isTooLong = true
        line = []
      }
      if end != nil {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        break
      }
    }
    if isEmpty { return nil }
    return isTooLong ? .tooLong : .text(line)
  }

  /// All that is left, which must be at most `limit` bytes.
  func readAll(limit: Int = 64 << 20) throws -> [UInt8] {
    var bytes: [UInt8] = []
    repeat {
      bytes.append(contentsOf: pending[position...])
      position = pending.count
      guard bytes.count <= limit else {
        throw Failure("standard input has more than \(limit >> 20) MiB: give less")
      }
    } while try fill()
    return bytes
  }

  /// Reads a piece; false at the end.
  private func fill() throws -> Bool {
    guard !isAtEnd else { return false }
    pending = isAtStart ? try readStart() : try readStandardInput(upTo: 1 << 16)
    position = 0
    isAtEnd = pending.isEmpty
    return !isAtEnd
  }

  /// The first piece, long enough to see whether it begins with a mark; waits for no more than that.
  private func readStart() throws -> [UInt8] {
    isAtStart = false
    var bytes = try readStandardInput(upTo: 1 << 16)
    while !bytes.isEmpty, ByteOrderMark(bytes) == nil, ByteOrderMark.mayBegin(with: bytes) {
      let more = try readStandardInput(upTo: 1 << 16)
      if more.isEmpty { break }
      bytes += more
    }
    let text = try StoredText.withoutMark(bytes, from: "standard input")
    // A mark alone is not the end.
    return text.isEmpty && !bytes.isEmpty ? try readStandardInput(upTo: 1 << 16) : text
  }
}

/// Some bytes of standard input, as soon as there are any; none at its end.
func readStandardInput(upTo limit: Int) throws(Failure) -> [UInt8] {
  var failure: Int32 = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
    repeat { count = max(-1, unsafe read(STDIN_FILENO, buffer.baseAddress, limit)) } while count < 0 && errno == EINTR
    if count < 0 {
      failure = errno
      count = 0
    }
  }
  guard failure == 0 else {
    throw Failure("standard input cannot be read: \(unsafe String(cString: strerror(failure)))")
  }
  return bytes
}
