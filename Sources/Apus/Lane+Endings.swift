internal import ApusCore

// How requests end, and how the engine's figures follow.
extension Lane {
  /// How things stand, once nothing is kept for sequences that do not run.
  mutating func settled() -> (Scheduler, Proposers) {
    proposers.keepOnly(scheduler.runningIDs)
    return (scheduler, proposers)
  }

  /// Lets go of a request that ends.
  private mutating func remove(_ id: Int) -> Generation? {
    stalls.set(id, to: nil)
    deadlines.set(id, to: nil)
    return generations.removeValue(forKey: id)
  }

  /// Ends a request that the scheduler has let go of.
  mutating func end(_ id: Int, _ ending: Ending) {
    guard let generation = remove(id) else { return }
    let ending = generation.end(ending)
    let (scheduler, proposers) = settled()
    inbox.note(endedRequests: 1) { metrics in
      switch ending.reason {
      case .cancelled, .stalled, .deadline: metrics.cancelledRequests += 1
      case .stop, .length: metrics.completedRequests += 1
      }
      metrics.note(generation)
      metrics.note(scheduler, proposers)
    }
    generation.finish(ending, at: inbox.now())
  }

  mutating func fail(_ id: Int, _ error: ApusError) {
    scheduler.fail(id)
    guard let generation = remove(id) else { return }
    let (scheduler, proposers) = settled()
    inbox.note(endedRequests: 1) { metrics in
      metrics.failedRequests += 1
      metrics.note(generation)
      metrics.note(scheduler, proposers)
    }
    generation.channel.finish(.failure(error))
  }
}

extension EngineMetrics {
  /// Adds the tokens of a request that has ended.
  fileprivate mutating func note(_ generation: Generation) {
    guard generation.isStarted else { return }
    promptTokens += generation.promptCount
    cachedTokens += generation.cachedCount
    completionTokens += generation.completionCount
    proposedTokens += generation.proposedCount
    acceptedTokens += generation.acceptedCount
  }

  /// Takes over how things stand between two steps.
  mutating func note(_ scheduler: Scheduler, _ proposers: Proposers) {
    runningRequests = scheduler.runningCount
    queuedRequests = scheduler.waitingCount
    usedBlocks = scheduler.usedBlocks
    cachedBlocks = scheduler.cachedBlocks
    prefixCounts = scheduler.cacheCounts
    preemptions = scheduler.preemptions
    draftBlocks = proposers.draftBlocks
    draftFailure = proposers.failure
  }
}
