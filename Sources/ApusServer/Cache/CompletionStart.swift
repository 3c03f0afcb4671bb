internal import Apus
internal import ApusStore

/// Starts the completions of a plan: those that the cache has are told again, the engine makes the others.
struct CompletionStart: Sendable {
  let plan: GenerationPlan
  /// Nil where the cache is left alone.
  let use: CacheUse?

  /// The streams of all completions, in order, and what the cache has to do with them; throws where one is refused.
  func run(
    _ preparation: Preparation, for client: ClientPresence?
  ) async throws -> ([GenerationStream], CacheWork?) {
    let plan = plan
    guard let use, plan.mayBeCached else {
      return (try await started(Array(0..<plan.choiceCount), preparation, for: client), nil)
    }
    let keys = try await preparation.run(for: client) { shouldStop in
      (0..<plan.choiceCount).map { choice in
        plan.resultKey(choice, shouldStop).map { CacheKey($0, of: use.owner, plan.options.cacheSalt) }
      }
    }
    let findings = use.reads ? await use.cache.findings(keys) : keys.map { _ in AnswerCache.Finding.nothing }
    let found = try await recordings(findings, preparation, for: client)
    let missing = found.indices.filter { found[$0] == nil }
    var streams = found.map { $0.map(GenerationStream.init(replaying:)) }
    for (choice, stream) in zip(missing, try await started(missing, preparation, for: client)) {
      streams[choice] = stream
    }
    let work = CacheWork(use, keys, findings, isFound: found.map { $0 != nil })
    return (streams.compactMap(\.self), work)
  }

  /// The engine's streams of the completions of these numbers.
  private func started(
    _ choices: [Int], _ preparation: Preparation, for client: ClientPresence?
  ) async throws -> [GenerationStream] {
    guard !choices.isEmpty else { return [] }
    return try await preparation.run(for: client, isHard: plan.mustCompile) { [plan] in try plan.start(choices, $0) }
  }

  /// What was found for each completion, where it is that of its request; nil for the others.
  private func recordings(
    _ findings: [AnswerCache.Finding], _ preparation: Preparation, for client: ClientPresence?
  ) async throws -> [RecordedCompletion?] {
    guard findings.contains(where: { if case .found = $0 { true } else { false } }) else {
      return findings.map { _ in nil }
    }
    return try await preparation.run(for: client) { [plan] _ in
      zip(0..., findings).map { plan.recording($1, of: $0) }
    }
  }
}

extension GenerationPlan {
  /// Whether its completions depend on nothing but the request.
  fileprivate var mayBeCached: Bool { lease.model.isRepeatable(options) }

  /// What was found for a completion, if it is one of that request's.
  fileprivate func recording(_ finding: AnswerCache.Finding, of choice: Int) -> RecordedCompletion? {
    guard case .found(let bytes) = finding else { return nil }
    return RecordedCompletion(
      bytes, of: request(choice), vocabularySize: lease.model.information.vocabularySize)
  }
}
