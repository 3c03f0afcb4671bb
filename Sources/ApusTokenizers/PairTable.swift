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

/// The merges of a table, by rank.
struct PairRule: MergeRule {
  let pairs: PairTable

  func merge(_ left: Symbol, _ right: Symbol) -> Merge? { pairs.merge(left.token, right.token) }
}

/// The merges as pairs of tokens, and how many are none.
///
/// A merge whose parts or result are no tokens can never happen, and is left out; so is one that would make a mark of
/// structure out of text, which does not count.
func pairTable(of vocabulary: Vocabulary) -> (table: PairTable, unusable: Int) {
  let merges = vocabulary.merges
  var table = PairTable(capacity: merges.count)
  var unusable = merges.count
  var joined: [UInt8] = []
  // Vocabularies list their tokens in the order of the merges: looking there first spares cache misses.
  var last: Token = 0
  for rank in 0..<merges.count {
    let range = merges.range(rank)
    // A space at the very start would be part of the left token.
    guard let space = firstSpace(in: merges.bytes, range.dropFirst()) else { continue }
    let leftRange = range.lowerBound..<space
    let rightRange = space + 1..<range.upperBound
    joined.removeAll(keepingCapacity: true)
    joined.append(contentsOf: merges.bytes[leftRange])
    joined.append(contentsOf: merges.bytes[rightRange])
    guard let left = vocabulary.token(of: merges.bytes, leftRange),
      let right = vocabulary.token(of: merges.bytes, rightRange),
      let token = vocabulary.token(of: joined, joined.indices, guess: last)
    else { continue }
    last = token
    unusable -= 1
    if vocabulary.isMark(token) { continue }
    table.insert(left, right, Merge(rank: UInt32(truncatingIfNeeded: rank), token: token))
  }
  return (table, unusable)
}

private func firstSpace(in bytes: [UInt8], _ range: Range<Int>) -> Int? {
  for position in range where bytes[position] == 0x20 { return position }
  return nil
}
