internal import ApusCore

// Rows for tokens that are guessed.

extension Scheduler {
  /// Guesses how a sequence goes on, given its id, how many tokens may be proposed at most, and how many sequences share
  /// the step.
  package typealias Proposing = (_ id: Int, _ most: Int, _ sequences: Int) -> [Token]

  /// What is proposed for the sequences in the next step; nothing while one of them has a prompt to process.
  func proposals(budget: Int, _ proposing: Proposing) -> [Int: [Token]] {
    // Recurrent states cannot be taken back to a row within a step.
    guard !limits.hasStates, running.allSatisfy({ $0.remaining == 1 }) else { return [:] }
    var proposals: [Int: [Token]] = [:]
    var spare = budget - running.count
    for sequence in running where spare > 0 {
      let most = min(spare, limits.contextLength - sequence.tokens.count, SequenceState.logitRows - 1)
      let proposal = proposing(sequence.id, max(0, most), running.count)
      proposals[sequence.id] = proposal
      spare -= proposal.count
    }
    return proposals
  }

  /// As many of the proposed tokens as there are KV blocks for that no sequence needs in this step, behind the
  /// sequence's last token.
  mutating func fitting(_ proposed: [Token], at index: Int) -> [Token] {
    guard !proposed.isEmpty else { return [] }
    while running[index].missingBlocks(for: 1 + proposed.count) > 0, let block = takeSpareBlock() {
      running[index].blocks.append(block)
    }
    return Array(proposed.prefix(max(0, running[index].room - 1)))
  }
}
