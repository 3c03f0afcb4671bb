internal import ApusJSON
internal import ApusServer
internal import Logging
internal import Synchronization

/// Keeps the lines of a log.
final class LineHold: Sendable {
  private let held = Mutex<[[UInt8]]>([])

  var lines: [[UInt8]] { held.withLock { $0 } }

  func add(_ line: [UInt8]) { held.withLock { $0.append(line) } }

  /// A logger whose lines are kept here.
  var logger: Logger {
    Logger(label: "test") { label in LineLogHandler(label: label, now: { "now" }, write: { self.add($0) }) }
  }

  /// The lines about requests, as JSON.
  var requests: [JSONValue] {
    lines.compactMap { try? JSONParser.parse($0) }.filter { $0["message"] == "request" }
  }
}
