/// Finds numbered things by their hash: open addressing.
///
/// Numbers are given in order, from 0. Who uses it compares the things themselves:
/// `var slot = table.begin(hash)`, then `while let number = table.find(hash, &slot)` until one is the same.
struct SlotTable {
  private static let free = UInt64.max
  private static let upper: UInt64 = 0xFFFF_FFFF_0000_0000

  /// A number, and above it the upper half of its hash.
  private var slots: [UInt64] = Array(repeating: free, count: 64)
  private var hashes: [UInt64] = []

  var byteCount: Int { slots.count * 8 + hashes.count * 8 }

  /// Where to look first.
  func begin(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

  /// The next number with this hash; `slot` is then behind it, or where it would be where there is none.
  func find(_ hash: UInt64, _ slot: inout Int) -> Int? {
    while slots[slot] != Self.free {
      let entry = slots[slot]
      let next = (slot + 1) & (slots.count - 1)
      slot = next
      if entry >> 32 == hash >> 32 { return Int(entry & 0xFFFF_FFFF) }
    }
    return nil
  }

  /// Gives the next number to what `find` did not find, which left `slot` here.
  mutating func append(_ hash: UInt64, at slot: Int) {
    slots[slot] = hash & Self.upper | UInt64(hashes.count)
    hashes.append(hash)
    if hashes.count * 2 > slots.count { grow() }
  }

  private mutating func grow() {
    slots = Array(repeating: Self.free, count: slots.count * 2)
    for (number, hash) in hashes.enumerated() {
      var slot = begin(hash)
      while slots[slot] != Self.free { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = hash & Self.upper | UInt64(number)
    }
  }
}
