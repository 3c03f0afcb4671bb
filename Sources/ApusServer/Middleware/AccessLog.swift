internal import ApusText
internal import HTTPTypes
internal import Logging
internal import Synchronization

/// One line of the access log: never a part of a prompt or of an answer.
struct LogEntry: Sendable {
  let id: String
  let method: String
  let path: String
  let sentStatus: Int
  let outcome: RequestOutcome
  /// The names of fields that the answer does not follow.
  let ignoredFields: String?
  let start: ContinuousClock.Instant
  /// The batch whose request it is.
  var batch: String?

  /// The status that was sent, or the one for a client that was gone.
  var status: Int { outcome.end?.isClientGone == true ? Refusal.clientLeft.status.code : sentStatus }

  /// Whether the answer took no work, so that nothing bounds how many of its kind a client can ask for.
  var isCheap: Bool { method != "POST" || status >= 400 }
}

/// The access log: a line for each request, and for floods of requests that take no work a line for many.
final class AccessLog: Sendable {
  private struct State {
    var allowance = Double(AccessLog.burst)
    var filled = ContinuousClock.now
    /// How many requests had which status since the last line for many.
    var statuses: [Int: Int] = [:]
    /// Connections that were closed for want of room since then.
    var withoutRoom = 0

    /// Whether there is nothing to summarize.
    var isEmpty: Bool { statuses.isEmpty && withoutRoom == 0 }
  }

  private enum Action {
    case write
    case summarizeLater
    case nothing
  }

  /// Lines for cheap requests: so many at once, and so many a second.
  private static let burst = 200
  private static let linesPerSecond = 20.0
  private static let summaryInterval = Duration.seconds(5)

  private let logger: Logger
  private let state = Mutex(State())

  init(_ logger: Logger) { self.logger = logger }

  /// Writes or counts a request whose answer has just ended.
  func write(_ entry: LogEntry) {
    switch entry.isCheap ? state.withLock({ Self.action(for: entry, &$0) }) : .write {
    case .write: writeLine(entry)
    case .summarizeLater: summarizeLater()
    case .nothing: break
    }
  }

  /// Counts a connection that was closed for want of room.
  func countConnectionWithoutRoom() {
    let isFirst = state.withLock { state in
      defer { state.withoutRoom += 1 }
      return state.isEmpty
    }
    if isFirst { summarizeLater() }
  }

  private func summarizeLater() {
    Task {
      try? await Task.sleep(for: Self.summaryInterval)
      summarize()
    }
  }

  /// Writes what was counted.
  func summarize() {
    let (statuses, withoutRoom) = state.withLock { state in
      defer { (state.statuses, state.withoutRoom) = ([:], 0) }
      return (state.statuses, state.withoutRoom)
    }
    if withoutRoom > 0 {
      logger.warning(
        "connections closed for want of room: those that waited longest without a request",
        metadata: ["count": .stringConvertible(withoutRoom)])
    }
    guard !statuses.isEmpty else { return }
    let byStatus = statuses.map { ("\($0)", Logger.MetadataValue.stringConvertible($1)) }
    logger.info(
      "requests without a line of their own",
      metadata: [
        "count": .stringConvertible(statuses.values.reduce(0, +)),
        "statuses": .dictionary(Dictionary(uniqueKeysWithValues: byStatus)),
      ])
  }

  private static func action(for entry: LogEntry, _ state: inout State) -> Action {
    let now = ContinuousClock.now
    let seconds = (now - state.filled) / .seconds(1)
    state.filled = now
    state.allowance = min(Double(burst), state.allowance + seconds * linesPerSecond)
    guard state.allowance < 1 else {
      state.allowance -= 1
      return .write
    }
    defer { state.statuses[entry.status, default: 0] += 1 }
    return state.isEmpty ? .summarizeLater : .nothing
  }

  private func writeLine(_ entry: LogEntry) {
    let milliseconds = (ContinuousClock.now - entry.start) / .milliseconds(1)
    var metadata: Logger.Metadata = [
      "id": "\(entry.id)", "method": "\(entry.method.shortened(toByteCount: 16))",
      "path": "\(entry.path.shortened(toByteCount: 200))", "status": .stringConvertible(entry.status),
      "milliseconds": .stringConvertible(Int(milliseconds.rounded())),
    ]
    let (parties, work) = (entry.outcome.parties, entry.outcome.used)
    if let batch = entry.batch { metadata["batch"] = "\(batch)" }
    if let key = parties.key { metadata["key"] = "\(key)" }
    if let model = parties.model { metadata["model"] = "\(model)" }
    if work.promptTokens > 0 {
      metadata["prompt_tokens"] = .stringConvertible(work.promptTokens)
      metadata["completion_tokens"] = .stringConvertible(work.completionTokens)
    }
    if let trace = entry.outcome.trace?.traceID { metadata["trace_id"] = "\(trace)" }
    if let ignored = entry.ignoredFields { metadata["ignored_fields"] = "\(ignored)" }
    if let end = entry.outcome.end {
      metadata["end"] = "\(end.name)"
      if let failure = end.failure {
        logger.error("request failed", metadata: ["id": "\(entry.id)", "error": "\(failure)"])
      }
    }
    logger.info("request", metadata: metadata)
  }
}
