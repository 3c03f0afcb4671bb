internal import Synchronization

/// Carries the events of one completion from the engine's lane to its reader; bounded, and loses nothing.
///
/// What waits unread is at most one progress (the latest), one delta (all text and tokens joined) and the end.
final class EventChannel: Sendable {
  private struct State {
    var progress: PromptProgress?
    var delta: TextDelta?
    var end: Result<GenerationSummary, ApusError>?
    var isEndRead = false
    var isCancelled = false
    /// Whether the engine was told that the reader is behind.
    var isBehind = false
    var reader: CheckedContinuation<Void, Never>?

    var isReadable: Bool { progress != nil || delta != nil || end != nil || isEndRead }

    /// Bytes that wait unread, roughly.
    var unreadByteCount: Int {
      guard let delta else { return 0 }
      let entries = delta.tokens.first?.logProbabilities?.top.count ?? 0
      return delta.text.utf8.count + delta.tokens.count * (32 + 16 * entries)
    }
  }

  private let state = Mutex(State())
  private let unreadByteLimit: Int
  private let onCancel: @Sendable () -> Void
  private let onCatchUp: @Sendable () -> Void

  /// A channel that tells the engine through these two when its reader leaves, or has caught up.
  init(
    unreadByteLimit: Int, onCancel: @escaping @Sendable () -> Void, onCatchUp: @escaping @Sendable () -> Void
  ) {
    self.unreadByteLimit = unreadByteLimit
    self.onCancel = onCancel
    self.onCatchUp = onCatchUp
  }

  // MARK: The engine's side

  func send(_ progress: PromptProgress) {
    deliver { $0.progress = progress }
  }

  /// Sends text and tokens; true if the reader is so far behind that the completion should pause.
  func send(_ delta: TextDelta) -> Bool {
    deliver { state in
      var all = state.delta ?? TextDelta(text: "", tokens: [])
      state.delta = nil
      all.text += delta.text
      all.tokens += delta.tokens
      state.delta = all
    }
    return state.withLock { state in
      state.isBehind = state.unreadByteCount > unreadByteLimit
      return state.isBehind
    }
  }

  func finish(_ end: Result<GenerationSummary, ApusError>) {
    deliver { $0.end = $0.end ?? end }
  }

  private func deliver(_ change: (inout State) -> Void) {
    let reader = state.withLock { state in
      change(&state)
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
  }

  // MARK: The reader's side

  /// Asks the engine to end the completion; does nothing after its end.
  func cancel() {
    let isFirst = state.withLock { state in
      defer { state.isCancelled = true }
      return !state.isCancelled && state.end == nil && !state.isEndRead
    }
    if isFirst { onCancel() }
  }

  /// The next event; nil after the end.
  func next() async throws(ApusError) -> GenerationEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (replaced, isReady) = state.withLock { state in
          if state.isReadable { return (CheckedContinuation<Void, Never>?.none, true) }
          defer { state.reader = continuation }
          return (state.reader, false)
        }
        // A second reader of the same stream takes the place of the first, which finds nothing and ends.
        replaced?.resume()
        if isReady { continuation.resume() }
      }
    } onCancel: {
      cancel()
    }
    return try take()
  }

  private func take() throws(ApusError) -> GenerationEvent? {
    let (event, hasCaughtUp) = state.withLock { state in
      let event = Self.take(from: &state)
      let hasCaughtUp = state.isBehind && state.delta == nil
      if hasCaughtUp { state.isBehind = false }
      return (event, hasCaughtUp)
    }
    if hasCaughtUp { onCatchUp() }
    return try event?.get()
  }

  private static func take(from state: inout State) -> Result<GenerationEvent, ApusError>? {
    if let progress = state.progress {
      state.progress = nil
      return .success(.progress(progress))
    }
    if let delta = state.delta {
      state.delta = nil
      return .success(.text(delta))
    }
    guard let end = state.end else { return nil }
    state.end = nil
    state.isEndRead = true
    return end.map { .finished($0) }
  }
}
