/// What an engine has done since it started.
package struct EngineMetrics: Sendable, Equatable {
  /// How often any of this was noted: of two, the one with more is the later.
  package internal(set) var revision = 0
  /// Requests that ended by themselves: `stop` or `length`.
  package var completedRequests = 0
  /// Requests that their callers cancelled or left, or that met their deadline.
  package var cancelledRequests = 0
  /// Requests that failed while they were worked on.
  package var failedRequests = 0
  /// Requests that were refused because the queue was full.
  package var refusedRequests = 0
  /// Prompt tokens of all requests, those that were kept from earlier ones included.
  package var promptTokens = 0
  /// Prompt tokens whose keys and values were kept from earlier requests.
  package var cachedTokens = 0
  /// Tokens produced.
  package var completionTokens = 0
  /// Tokens that were proposed before it was their turn.
  package var proposedTokens = 0
  /// How many of them came true.
  package var acceptedTokens = 0
  /// Time that a draft model took to propose tokens.
  package var draftTime = Duration.zero
  /// KV blocks of the draft model that are in use, after the last step.
  package var draftBlocks = 0
  /// Why the draft model is no longer asked; nil while it is, and where there is none.
  package var draftFailure: String?
  /// Forward passes, but for those of a draft model.
  package var steps = 0
  /// Time spent in forward passes and sampling.
  package var busyTime = Duration.zero
  /// Requests that were worked on, and that waited, after the last step or end of a request; see `EngineHealth` for now.
  package var runningRequests = 0, queuedRequests = 0
  /// KV blocks of running requests, and those kept for prompts to come, at the same time.
  package var usedBlocks = 0, cachedBlocks = 0
  /// How often prompts began like something that was kept, and what was given up for others.
  package var prefixCounts = BlockTree.Counts()
  /// How often a request gave its KV blocks to a more urgent one, to be computed again later.
  package var preemptions = 0

  package init() {}
}

/// Whether an engine works.
package struct EngineHealth: Sendable, Equatable {
  /// Requests that are worked on.
  package let running: Int
  /// Requests that wait.
  package let queued: Int
  /// Time since the thread that computes last looked after this engine; it does that between any two steps, and a call
  /// that brings work to an idle engine counts as one.
  package let sinceLastStep: Duration
  /// Whether nothing is to do until a caller asks for something, so that the thread need not move.
  package let isWaiting: Bool
  /// Whether requests are refused because the engine drains or has stopped.
  package let isDraining: Bool

  /// Whether no work is there, or the thread that computes has moved within `limit`.
  package func isResponsive(within limit: Duration) -> Bool {
    running + queued == 0 || isWaiting || sinceLastStep <= limit
  }
}
