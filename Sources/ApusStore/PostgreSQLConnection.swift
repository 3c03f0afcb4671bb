internal import Foundation

/// One connection to a PostgreSQL server; its calls block, each for a bounded time.
///
/// It may be handed from thread to thread, and is used by one at a time, as its owner sees to with a lock.
@safe final class PostgreSQLConnection: @unchecked Sendable {
  private let library: PostgreSQLLibrary
  private let handle: OpaquePointer

  /// Why a command has no result.
  enum Failure: Error, Equatable {
    /// There is no connection any longer, or nothing came for too long.
    case lost
    /// The server refuses the command; the five letters and digits of an SQLSTATE say why.
    case refused(String)
  }

  /// What stands in place of `$1`, `$2` and so on.
  enum Value {
    case text(String)
    case number(Int)
    case bytes([UInt8])

    fileprivate var content: [UInt8] {
      switch self {
      case .text(let text): Array(text.utf8)
      case .number(let number): Array(String(number).utf8)
      case .bytes(let bytes): bytes
      }
    }

    fileprivate var isBinary: Bool { if case .bytes = self { true } else { false } }
  }

  /// The values of one row of a result, as the server sends them in its binary form.
  typealias Row = [[UInt8]]

  /// How long the server may take to answer one command.
  private static let patience = Duration.seconds(10)

  /// Connects to the server of a `postgres://` address, within a few seconds; throws a sentence where that fails.
  ///
  /// No message of libpq is part of it: where an address is not written as it must be, these may hold its password.
  init(_ address: String) throws(StoreError) {
    let library = try PostgreSQLLibrary()
    guard Self.isAddress(address, library) else {
      throw StoreError("it is no address of PostgreSQL; write postgres://user:password@host/database")
    }
    let parameters = [
      ("dbname", address), ("connect_timeout", "5"), ("application_name", "apus"), ("client_encoding", "UTF8"),
      ("keepalives_idle", "30"), ("tcp_user_timeout", "10000"),
    ]
    let handle = unsafe Self.withStrings(parameters.map(\.0)) { names in
      unsafe Self.withStrings(parameters.map(\.1)) { values in unsafe library.connect(names, values, 1) }
    }
    guard let handle = unsafe handle else { throw StoreError("there is not enough memory for a connection") }
    unsafe (self.library, self.handle) = (library, handle)
    guard unsafe library.status(handle) == PostgreSQLLibrary.isConnected, unsafe library.setNonblocking(handle, 1) == 0
    else {
      throw StoreError(reason)
    }
  }

  deinit { unsafe library.finish(handle) }

  private static func isAddress(_ address: String, _ library: PostgreSQLLibrary) -> Bool {
    guard address.hasPrefix("postgres://") || address.hasPrefix("postgresql://") else { return false }
    guard let options = unsafe library.parseAddress(address, nil) else { return false }
    unsafe library.freeAddress(options)
    return true
  }

  /// Why there is no connection, in words that hold nothing of the address.
  private var reason: String {
    if unsafe library.needsPassword(handle) == 1 { return "it wants a password, and none was given" }
    if unsafe library.usedPassword(handle) == 1 {
      return "it cannot be reached, or does not take the password or the database"
    }
    return "it cannot be reached, or does not take the user or the database"
  }

  // MARK: Commands

  /// Does one command with its values; gives the rows of its result, none for one that has no rows.
  func execute(_ command: String, _ values: [Value] = []) throws(Failure) -> [Row] {
    let deadline = ContinuousClock.now + Self.patience
    guard send(command, values) else { throw .lost }
    try flush(until: deadline)
    var rows: [Row] = []
    var refusal: Failure?
    while true {
      while unsafe library.isBusy(handle) == 1 {
        try wait(for: POLLIN, until: deadline)
        guard unsafe library.consumeInput(handle) == 1 else { throw .lost }
      }
      guard let result = unsafe library.result(handle) else { break }
      defer { unsafe library.clear(result) }
      if PostgreSQLLibrary.isGood.contains(unsafe library.resultStatus(result)) {
        rows = unsafe self.rows(of: result)
      } else {
        unsafe refusal = .refused(state(of: result))
      }
    }
    guard unsafe library.status(handle) == PostgreSQLLibrary.isConnected else { throw .lost }
    if let refusal { throw refusal }
    return rows
  }

  private func send(_ command: String, _ values: [Value]) -> Bool {
    let contents = values.map(\.content)
    let lengths = contents.map { Int32($0.count) }
    let formats = values.map { $0.isBinary ? Int32(1) : 0 }
    return unsafe Self.withBytes(contents) { pointers in
      unsafe library.sendQuery(handle, command, Int32(values.count), nil, pointers, lengths, formats, 1) == 1
    }
  }

  /// Sends all of a command; reads meanwhile, so that a server that talks does not wait for us.
  private func flush(until deadline: ContinuousClock.Instant) throws(Failure) {
    while true {
      switch unsafe library.flush(handle) {
      case 0: return
      case 1:
        if try wait(for: POLLIN | POLLOUT, until: deadline) & POLLIN != 0 {
          guard unsafe library.consumeInput(handle) == 1 else { throw .lost }
        }
      default: throw .lost
      }
    }
  }

  /// Waits until the connection can be read from or written to; gives what of it.
  @discardableResult
  private func wait(
    for events: Int32, until deadline: ContinuousClock.Instant
  ) throws(Failure) -> Int32 {
    var request = pollfd(fd: unsafe library.socket(handle), events: Int16(events), revents: 0)
    while true {
      let left = deadline - ContinuousClock.now
      guard left > .zero, request.fd >= 0 else { throw .lost }
      let count = unsafe poll(&request, 1, Int32(left / .milliseconds(1)) + 1)
      if count > 0 { return Int32(request.revents) }
      guard count == 0 || errno == EINTR else { throw .lost }
    }
  }

  private func rows(of result: OpaquePointer) -> [Row] {
    let (count, width) = unsafe (library.rowCount(result), library.columnCount(result))
    return (0..<count).map { row in
      (0..<width).map { column in
        guard let start = unsafe library.value(result, row, column) else { return [] }
        let length = Int(unsafe library.length(result, row, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: length))
      }
    }
  }

  private func state(of result: OpaquePointer) -> String {
    guard let text = unsafe library.errorField(result, CInt(UInt8(ascii: "C"))) else { return "" }
    return unsafe String(cString: text)
  }

  // MARK: C arrays

  /// Texts as a list of C strings with nothing behind it.
  private static func withStrings<Result>(_ texts: [String], _ body: (PostgreSQLLibrary.Strings) -> Result) -> Result {
    unsafe withBytes(texts.map { Array($0.utf8) }, body)
  }

  /// Byte strings, each with a zero behind it, as a list with nothing behind it.
  private static func withBytes<Result>(_ contents: [[UInt8]], _ body: (PostgreSQLLibrary.Strings) -> Result) -> Result
  {
    var flat: [CChar] = []
    flat.reserveCapacity(contents.reduce(0) { $0 + $1.count + 1 })
    var places: [Int] = []
    for content in contents {
      places.append(flat.count)
      flat.append(contentsOf: content.lazy.map { CChar(bitPattern: $0) })
      flat.append(0)
    }
    return unsafe flat.withUnsafeBufferPointer { flat in
      var pointers: [UnsafePointer<CChar>?] = unsafe places.map { place in
        unsafe flat.baseAddress.map { unsafe $0 + place }
      }
      unsafe pointers.append(nil)
      return unsafe pointers.withUnsafeBufferPointer { list in
        guard let start = list.baseAddress else { preconditionFailure("the list has an end") }
        return unsafe body(start)
      }
    }
  }
}
