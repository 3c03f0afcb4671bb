internal import Apus
internal import ApusStore
internal import Synchronization

/// What the cache has to do with the completions of one request: some it had, the others are written down for it.
final class CacheWork: Sendable {
  private struct State {
    /// By the numbers of completions; nil for those that are not to be kept.
    var recorders: [CompletionRecorder?]
    /// Whether something is not kept that should be.
    var isLacking: Bool
  }

  private let use: CacheUse
  private let keys: [CacheKey?]
  private let isFound: [Bool]
  private let state: Mutex<State>

  /// Of completions with these keys, of which some were found in the cache.
  init(_ use: CacheUse, _ keys: [CacheKey?], _ findings: [AnswerCache.Finding], isFound: [Bool]) {
    self.use = use
    self.keys = keys
    self.isFound = isFound
    var (recorders, isLacking): ([CompletionRecorder?], Bool) = ([], false)
    for (index, key) in keys.enumerated() {
      // A cache that did not answer is not made to wait for a second time.
      let isUnknown = if case .unknown = findings[index] { true } else { false }
      let isKept = key != nil && !isFound[index] && !isUnknown
      recorders.append(isKept ? CompletionRecorder(byteLimit: use.cache.valueByteLimit) : nil)
      isLacking = isLacking || isUnknown
    }
    state = Mutex(State(recorders: recorders, isLacking: isLacking))
    let hits = isFound.count { $0 }
    use.cache.count(hits: hits, misses: keys.count { $0 != nil } - hits, of: use.model)
  }

  /// What the client is told; nil where there is nothing that could be kept.
  var outcome: CacheOutcome? {
    guard keys.contains(where: { $0 != nil }) else { return nil }
    if state.withLock({ $0.isLacking }) { return .notKept }
    return isFound.allSatisfy(\.self) ? .hit : .miss
  }

  /// Writes down more of a completion.
  func note(_ delta: TextDelta, of choice: Int) {
    state.withLock { $0.recorders[choice]?.note(delta) }
  }

  /// Keeps a completion that has ended, if it is one to be kept and ended as it was asked to.
  func end(of choice: Int, _ summary: GenerationSummary) async {
    let recorder = state.withLock { $0.recorders[choice].take() }
    guard var recorder, let key = keys[choice] else { return }
    if let value = recorder.finish(summary), await use.cache.keep(value, under: key) { return }
    state.withLock { $0.isLacking = true }
  }

  /// What a completion took: nothing, where it was found.
  func cost(of choice: Int, _ summary: GenerationSummary) -> GenerationSummary {
    isFound[choice] ? summary.replayed : summary
  }
}
