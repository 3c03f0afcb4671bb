internal import ApusTestSupport
internal import Foundation

/// `apus serve` while it runs, with what it writes to its log.
final class ServedProgram {
  private let process = Process()
  private let log = Pipe()
  private var pending: [UInt8] = []
  /// The lines that were read so far.
  private(set) var lines: [String] = []

  /// Starts it on a port that the system chooses; it keeps nothing.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    guard let path = Program.path else { throw CocoaError(.fileNoSuchFile) }
    process.executableURL = URL(fileURLWithPath: path)
    let listen = arguments.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
    process.arguments = ["serve"] + arguments + listen + ["--store", "none", "--log-format", "json"]
    process.environment = ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    process.standardError = log
    try process.run()
  }

  deinit { if process.isRunning { process.terminate() } }

  /// Reads the log up to a line that holds `text`; false where the program ended before.
  func reads(_ text: String) -> Bool {
    while true {
      while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        lines.append(String(decoding: pending[..<end], as: UTF8.self))
        pending.removeSubrange(...end)
        if lines.last?.contains(text) == true { return true }
      }
      let bytes = log.fileHandleForReading.availableData
      if bytes.isEmpty { return false }
      pending += bytes
    }
  }

  /// The port of the line that says where it listens, once that was read.
  var port: Int? {
    let line = lines.last { $0.contains("listening on ") }
    let address = line?.components(separatedBy: "listening on ").last?.prefix { $0 != "\"" }
    return address?.split(separator: ":").last.flatMap { Int($0) }
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for its end: the exit code, or the signal that ended it as a negative number.
  func end() -> Int32 {
    _ = reads("no line has this")
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }
}
