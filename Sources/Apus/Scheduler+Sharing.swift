internal import ApusCore

// Sequences with the same beginning that run at the same time: one computes it, the others take it over.

extension Scheduler {
  /// Lets sequences go on with what others have computed; gives those that wait for what another will compute.
  ///
  /// The most urgent one never waits.
  mutating func catchUp() -> Set<Int> {
    var waiters: Set<Int> = []
    for index in running.indices where running[index].isAtBlockEnd {
      let text = running[index].reusable
      guard text.count > running[index].processed else { continue }
      let match = tree.match(text, behind: running[index].hold, &allocator)
      running[index].takeOver(match, in: &tree)
      if !running[index].isFresh { tree.noteFound(match.blocks.count * KVCacheLayout.blockPositions) }
      let waits = waits(index)
      if waits { waiters.insert(running[index].id) }
      if let tail = waits ? nil : longerTail(than: match.tail, for: index) {
        tree.share(tail, &allocator)
        running[index].takeOver(tail)
      }
      if let tail = match.tail { tree.release(tail, &allocator) }
    }
    return waiters
  }

  /// Gives up what was found to be copied for sequences that have no rows in this step: who fills it goes on.
  mutating func dropTails() {
    for index in running.indices {
      if let tail = running[index].dropTail() { tree.release(tail, &allocator) }
    }
  }

  /// Whether a more urgent sequence computes the next block of this one, or all that this one could take over.
  private func waits(_ index: Int) -> Bool {
    let next = next(of: index)
    // States are kept behind full blocks only.
    guard next.count >= (limits.hasStates ? KVCacheLayout.blockPositions : 1) else { return false }
    return running[..<index].contains { other in
      isBeside(other, index) && other.processed < next.endIndex && common(next, other.tokens[...]) == next.count
    }
  }

  /// The longest beginning of the next block, from the tree or from a sequence that fills one.
  private func longerTail(than tail: BlockTree.Tail?, for index: Int) -> BlockTree.Tail? {
    guard !limits.hasStates else { return nil }
    let next = next(of: index)
    var best = tail
    for other in running where other.id != running[index].id && other.tail == nil && isBeside(other, index) {
      let count = common(next, other.tokens[..<other.processed])
      if count > best?.positions ?? 0 {
        best = other.tail(of: count)
      }
    }
    return best
  }

  /// What a sequence could take over of its next block.
  private func next(of index: Int) -> ArraySlice<Token> {
    running[index].reusable.dropFirst(running[index].processed).prefix(KVCacheLayout.blockPositions)
  }

  /// Whether another sequence has the same full blocks in the tree, and no more.
  private func isBeside(_ other: SequenceState, _ index: Int) -> Bool { other.hold?.node == running[index].hold?.node }

  /// How many tokens of `next` another sequence has at the same positions.
  private func common(_ next: ArraySlice<Token>, _ others: ArraySlice<Token>) -> Int {
    zip(next, others.dropFirst(next.startIndex)).prefix { $0 == $1 }.count
  }
}
