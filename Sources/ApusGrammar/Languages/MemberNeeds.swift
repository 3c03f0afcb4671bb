/// What a list still asks for: how many members must come at the fewest, for each set of demands that is not met yet.
///
/// Members that are alike in this are of one kind, so that a list of thousands has few kinds to look at.
struct MemberNeeds {
  /// What can be told of members at once: whether they must come, and which demands one can meet, in each of its ways.
  private struct Kind: Hashable {
    let isRequired: Bool
    /// None of them is a part of another.
    let meets: [UInt32]
  }

  /// For each set of demands the fewest members and others that meet them, those included that must come anyway.
  struct Fewest {
    fileprivate var counts: [Int]

    /// nil where the demands cannot be met.
    subscript(pending: UInt32) -> Int? {
      let count = counts[Int(pending)]
      return count < MemberNeeds.never ? count : nil
    }
  }

  /// More than any list has.
  fileprivate static let never = Int.max / 2

  private var kinds: [Kind] = []
  /// The kind of each member; -1 where it cannot be written.
  private var kindOfMember: [Int32] = []
  private let demandCount: Int
  /// What is needed when members have been left behind, and only others may come.
  private(set) var behindMembers: Fewest

  init(_ list: MemberStates.List) {
    let demands = list.demands
    demandCount = UInt32.bitWidth - demands.leadingZeroBitCount
    behindMembers = Fewest(counts: Array(repeating: Self.never, count: 1 << demandCount))
    behindMembers.counts[0] = 0
    for set in behindMembers.counts.indices.dropFirst() {
      for way in list.others where Int(way.meets) & set != 0 {
        behindMembers.counts[set] = min(behindMembers.counts[set], behindMembers.counts[set & ~Int(way.meets)] + 1)
      }
    }
    var known: [Kind: Int32] = [:]
    for (index, ways) in list.members.enumerated() {
      guard !ways.isEmpty else {
        kindOfMember.append(-1)
        continue
      }
      let kind = Kind(isRequired: list.isRequired(index), meets: Self.largest(ways.map { $0.meets & demands }))
      let number = known[kind] ?? Int32(kinds.count)
      if known[kind] == nil {
        known[kind] = number
        kinds.append(kind)
      }
      kindOfMember.append(number)
    }
  }

  /// Those that are not a part of another.
  private static func largest(_ sets: [UInt32]) -> [UInt32] {
    let different = Set(sets)
    return different.filter { set in !different.contains { $0 != set && $0 & set == set } }.sorted()
  }

  var kindCount: Int { kinds.count }

  /// How many steps it takes to look at one member of each kind.
  var size: Int { kinds.reduce(0) { $0 + $1.meets.count } << demandCount }

  private func canWrite(_ member: Int) -> Bool { kindOfMember[member] >= 0 }

  /// What is needed before a member if `fewest` is needed behind it.
  func add(_ member: Int, to fewest: inout Fewest) {
    if canWrite(member) { add(kinds[Int(kindOfMember[member])], to: &fewest) }
  }

  private func add(_ kind: Kind, to fewest: inout Fewest) {
    // From the largest set to the smallest: what is met leads to a smaller one, which is still as it was.
    for set in fewest.counts.indices.reversed() {
      var count = Self.never
      for meets in kind.meets { count = min(count, fewest.counts[set & ~Int(meets)] + 1) }
      fewest.counts[set] = kind.isRequired ? count : min(count, fewest.counts[set])
    }
  }

  /// What is needed of members in any order, without one of each kind: at the place of the kind.
  func fewestWithoutOne(of members: [Int]) -> (all: Fewest, withoutOne: [Fewest]) {
    var counts = counts(of: members)
    let all = fewest(counts)
    var without: [Fewest] = []
    for kind in kinds.indices {
      counts[kind] -= 1
      without.append(counts[kind] < 0 ? all : fewest(counts))
      counts[kind] += 1
    }
    return (all, without)
  }

  /// What is needed of members in any order.
  func fewest(of members: [Int]) -> Fewest { fewest(counts(of: members)) }

  /// How many members of each kind there are.
  private func counts(of members: [Int]) -> [Int] {
    var counts = Array(repeating: 0, count: kinds.count)
    for member in members where canWrite(member) { counts[Int(kindOfMember[member])] += 1 }
    return counts
  }

  func kind(of member: Int) -> Int { Int(kindOfMember[member]) }

  private func fewest(_ counts: [Int]) -> Fewest {
    var fewest = behindMembers
    for (kind, count) in zip(kinds, counts) {
      // No more than one for each demand are of use; those that must come count all the same.
      let useful = min(count, demandCount)
      for _ in 0..<useful { add(kind, to: &fewest) }
      let rest = kind.isRequired ? count - useful : 0
      if rest > 0 { for set in fewest.counts.indices { fewest.counts[set] += rest } }
    }
    return fewest
  }
}
