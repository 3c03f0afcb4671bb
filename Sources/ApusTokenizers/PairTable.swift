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
  private let mask: Int
  private let seed = UInt64.random(in: .min ... .max)

  /// A table for at most `capacity` pairs.
  init(capacity: Int) {
    slots = [Slot](repeating: Slot(), count: slotCount(for: capacity))
    mask = slots.count - 1
  }

  /// Adds a pair; the first entry of a pair stays.
  mutating func insert(_ left: Token, _ right: Token, _ merge: Merge) {
    let slot = slot(of: pair(left, right))
    if slots[slot].pair == .max {
      slots[slot] = Slot(pair: pair(left, right), rank: merge.rank, token: merge.token)
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
    var slot = Int(truncatingIfNeeded: mix(pair ^ seed)) & mask
    while slots[slot].pair != pair, slots[slot].pair != .max { slot = (slot + 1) & mask }
    return slot
  }
}
