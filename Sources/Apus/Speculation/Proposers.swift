internal import ApusCore

/// Who guesses for an engine's sequences: prompt lookup in each one's own text, and a draft model where there is one.
///
/// Belongs to the thread that computes.
struct Proposers {
  private var draft: Draft?
  private var budget = DraftBudget()
  private let now: @Sendable () -> ContinuousClock.Instant
  /// Sequences whose proposals for the next step are drafted.
  private var drafted: Set<Int> = []
  /// Time that drafting took since it was last asked for.
  private var draftTime = Duration.zero
  /// Why the draft model is of no more use; nil while it is, and where there is none.
  private(set) var failure: String?

  init(_ draft: Draft?, _ now: @escaping @Sendable () -> ContinuousClock.Instant) {
    (self.draft, self.now) = (draft, now)
  }

  /// KV blocks of the draft model in use.
  var draftBlocks: Int { draft?.usedBlocks ?? 0 }

  /// What is proposed for all sequences of a step, whose costs are `costs`.
  mutating func propose(
    _ wishes: [Scheduler.Wish], _ generations: [Int: Generation], _ costs: StepCosts
  ) -> [Int: [Token]] {
    var proposals: [Int: [Token]] = [:]
    for wish in wishes {
      proposals[wish.id] = generations[wish.id]?.lookUp(most: wish.most, sequences: wishes.count, costs)
    }
    guard draft != nil, wishes.count <= StepCosts.mostProposing else { return proposals }
    let start = now()
    do throws(BackendError) {
      let found = try draft(
        wishes.filter { !isGood(proposals[$0.id] ?? [], $0.id, generations) }, generations,
        costs.worth(sequences: wishes.count))
      drafted = Set(found.keys)
      proposals.merge(found) { $1 }
    } catch {
      (draft, failure) = (nil, error.description)
    }
    draftTime += start.duration(to: now())
    return proposals
  }

  /// Whether what was looked up is at least as likely to come true as what would be drafted.
  private func isGood(_ proposal: [Token], _ id: Int, _ generations: [Int: Generation]) -> Bool {
    !proposal.isEmpty && generations[id]?.lookupChance ?? 0 >= budget.rate(of: id)
  }

  /// Drafts for those of these sequences for which it pays.
  private mutating func draft(
    _ wishes: [Scheduler.Wish], _ generations: [Int: Generation], _ worth: Worth?
  ) throws(BackendError) -> [Int: [Token]] {
    var texts: [(id: Int, tokens: [Token], count: Int)] = []
    var hasProcessed = false
    for wish in wishes {
      guard let generation = generations[wish.id], generation.speculation != .off else { continue }
      let most = min(wish.most, generation.proposalRoom, DraftBudget.mostTokens)
      guard most > 0, let behind = draft?.behind(wish.id, wish.tokens, drafting: most) else { continue }
      let candidate = DraftBudget.Candidate(id: wish.id, behind: behind, most: most, room: generation.proposalRoom)
      switch try decide(candidate, generation.speculation, worth) {
      case .nothing: break
      case .draft(let count): texts.append((wish.id, wish.tokens, count))
      case .process(let count):
        if hasProcessed { continue }
        hasProcessed = generation.speculation == .automatic
        try process(count, of: wish)
        if !hasProcessed { texts.append((wish.id, wish.tokens, most)) }
      }
    }
    var start = now()
    return try draft?.draft(texts) {
      let time = now()
      budget.note(seconds: start.duration(to: time) / .seconds(1))
      start = time
    } ?? [:]
  }

  private mutating func decide(
    _ candidate: DraftBudget.Candidate, _ speculation: Speculation, _ worth: Worth?
  ) throws(BackendError) -> DraftBudget.Decision {
    if speculation == .always {
      return candidate.behind > DraftBudget.besideDraft ? .process(candidate.behind - 1) : .draft(candidate.most)
    }
    return worth.map { budget.decide(candidate, $0) } ?? .nothing
  }

  /// Has the draft model process the next tokens of a sequence, as many in a pass as it takes.
  private mutating func process(_ count: Int, of wish: Scheduler.Wish) throws(BackendError) {
    for first in stride(from: 0, to: count, by: DraftBudget.mostRows) {
      let (rows, start) = (min(count - first, DraftBudget.mostRows), now())
      try draft?.process(rows, of: wish.id, wish.tokens)
      budget.note(promptRows: rows, seconds: start.duration(to: now()) / .seconds(1))
    }
  }

  /// Takes note of what a step took and brought.
  mutating func note(_ batch: ScheduledBatch, _ verdicts: [Verdict], took duration: Duration) {
    if drafted.isEmpty { budget.note(plainSeconds: duration / .seconds(1)) }
    for (part, verdict) in zip(batch.parts, verdicts) where drafted.contains(part.id) {
      guard case .tokens(let tokens, let ending) = verdict, !part.proposed.isEmpty else { continue }
      let accepted = part.keptRows(tokens, ending) - part.certainRows.count
      budget.note(part.id, proposed: part.proposed.count, accepted: accepted)
    }
    drafted = []
  }

  /// Time that drafting took since the last call.
  mutating func takeDraftTime() -> Duration {
    defer { draftTime = .zero }
    return draftTime
  }

  /// Forgets all sequences but these: the draft model's KV blocks of others are free.
  mutating func keepOnly(_ ids: some Sequence<Int>) {
    guard draft != nil else { return }
    let ids = Set(ids)
    draft?.keepOnly(ids)
    budget.keepOnly(ids)
  }
}
