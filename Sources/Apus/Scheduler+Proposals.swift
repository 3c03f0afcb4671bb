internal import ApusCore

// Rows for tokens that are guessed.

extension Scheduler {
  /// A sequence in decode whose next tokens may be guessed.
  package struct Wish: Sendable {
    package let id: Int
    /// All of its tokens so far; the last one is not processed yet.
    package let tokens: [Token]
    /// The most tokens that may be proposed.
    package let most: Int
  }

  /// Guesses how sequences go on, given all that share the step; what is proposed, by their ids.
  package typealias Proposing = (_ wishes: [Wish]) -> [Int: [Token]]

  /// What is proposed for the sequences in the next step; nothing while one of them has a prompt to process.
  func proposals(budget: Int, _ proposing: Proposing) -> [Int: [Token]] {
    let count = running.count
    guard count > 0, running.allSatisfy({ $0.isDecoding && $0.pooled == nil }) else { return [:] }
    let slots = limits.hasStates ? max(0, freeSlots.count - limits.maximumSequences) / count : .max
    let most = min(max(0, budget - count) / count, SequenceState.logitRows - 1, slots)
    guard most > 0 else { return [:] }
    let wishes = running.map { sequence in
      Wish(
        id: sequence.id, tokens: sequence.tokens, most: min(most, max(0, limits.contextLength - sequence.tokens.count)))
    }
    return proposing(wishes).mapValues { Array($0.prefix(most)) }
  }

  /// As many of the proposed tokens as there are KV blocks and state slots for that no sequence needs in this step,
  /// behind the sequence's last token; with recurrent layers also the slots.
  mutating func fitting(_ proposed: [Token], at index: Int) -> (tokens: [Token], slots: [Int32]) {
    guard !proposed.isEmpty else { return ([], []) }
    while running[index].missingBlocks(for: 1 + proposed.count) > 0, let block = takeSpareBlock() {
      running[index].table.full.append(block)
    }
    while running[index].missingWindowBlocks(for: 1 + proposed.count) > 0, let block = takeSpareWindowBlock() {
      running[index].table.windowed.append(block)
    }
    let count = min(proposed.count, max(0, running[index].room - 1))
    guard limits.hasStates else { return (Array(proposed.prefix(count)), []) }
    // A slot stays for each sequence that may begin, and for each that may fill a block.
    let slots = (0..<count).compactMap { _ in takeSlot(leaving: limits.maximumSequences) }
    return (Array(proposed.prefix(slots.count)), slots)
  }
}
