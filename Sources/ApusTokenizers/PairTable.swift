internal import ApusCore

/// What two neighbouring tokens become, and how early: the merges of byte-pair encoding as one flat hash table.
struct PairTable: Sendable {
  private struct Slot {
    /// The left token in the upper half, the right one in the lower; all ones where free (no token is negative).
    var pair: UInt64 = .max
    var rank: UInt32 = 0
    var token: Token = 0
  }

  private var slots: [Slot]
  private let seed = UInt64.random(in: .min ... .max)

  /// A table for at most `capacity` pairs.
  init(capacity: Int) {
    slots = [Slot](repeating: Slot(), count: slotCount(for: capacity))
  }

  /// A pair and what it becomes.
  struct Entry {
    var left: Token
    var right: Token
    var merge: Merge
  }

  /// Adds pairs; the first entry of a pair stays.
  mutating func insert(_ entries: [Entry]) {
    for entry in entries {
      let pair = pair(entry.left, entry.right)
      let slot = slot(of: pair)
      if slots[slot].pair == .max { slots[slot] = Slot(pair: pair, rank: entry.merge.rank, token: entry.merge.token) }
    }
  }

  /// What `left` and `right` become; nil if they do not merge.
  func merge(_ left: Token, _ right: Token) -> Merge? {
    let found = slots[slot(of: pair(left, right))]
    return found.pair == .max ? nil : Merge(rank: found.rank, token: found.token)
  }

  private func pair(_ left: Token, _ right: Token) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func slot(of pair: UInt64) -> Int {
    var slot = slots.place(of: mix(pair ^ seed))
    while slots[slot].pair != pair, slots[slot].pair != .max { slot = slots.place(after: slot) }
    return slot
  }
}

/// The merges of a table, by rank.
struct PairRule: MergeRule {
  let pairs: PairTable

  func merge(_ left: Symbol, _ right: Symbol) -> Merge? { pairs.merge(left.token, right.token) }
}
