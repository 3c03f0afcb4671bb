/// The member lists of a table's languages, and how far they have been read.
struct MemberStates {
  /// A `MemberList` with its ways as languages of the table, without those that cannot be written.
  struct List: Hashable {
    struct Way: Hashable {
      var language: LanguageID
      let meets: UInt32
    }

    var members: [[Way]] = []
    /// A bit for each member.
    var required: [UInt64] = []
    var others: [Way] = []
    var separator = LanguageTable.nothing
    var atLeast = 0
    var atMost = Int.max
    var keepsOrder = false

    /// `languages` are those of the list's ways, in order.
    init(_ list: MemberList, _ languages: [LanguageID], separator: LanguageID) {
      var rest = Array(zip(list.ways, languages))[...]
      func take(_ count: Int) -> [Way] {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).filter { $1 != LanguageTable.nothing }.map { Way(language: $1, meets: $0.meets) }
      }
      for (index, member) in list.members.enumerated() {
        if index % 64 == 0 { required.append(0) }
        if member.isRequired { required[index / 64] |= 1 << UInt64(index % 64) }
        members.append(take(member.ways.count))
      }
      others = take(list.others.count)
      self.separator = separator
      (atLeast, atMost, keepsOrder) = (max(0, list.atLeast), list.atMost ?? .max, list.keepsOrder)
    }
  }

  /// What matters of what has been read.
  struct State: Hashable {
    var list: Int
    /// Members that may still come, a bit each.
    var left: [UInt64]
    var pending: UInt32
    /// How many there are, as far as it matters; 0 only at the beginning.
    var count = 0
  }

  private(set) var lists: [List] = []
  private(set) var states: [State] = []
  private var numbers: [State: Int32] = [:]
  private var listNumbers: [List: Int] = [:]
  var unfolded: [LanguageID: LanguageID] = [:]

  private var leftWords = 0
  var byteCount: Int { states.count * 192 + leftWords * 16 + unfolded.count * 24 }

  /// Whether a list has a text, if only those ways can be written whose numbers `isReady` knows.
  static func canBeWritten(_ list: MemberList, with isReady: (Int) -> Bool) -> Bool {
    if list.mayBeEmpty { return true }
    let ways = list.ways.indices.map { isReady($0) ? LanguageTable.empty : LanguageTable.nothing }
    var states = MemberStates()
    return states.add(List(list, ways, separator: LanguageTable.empty), demands: list.demands) != nil
  }

  /// The number of the state at the beginning of a list; nil where nothing can be written.
  mutating func add(_ list: List, demands: UInt32) -> Int32? {
    var left = Array(repeating: UInt64(0), count: (list.members.count + 63) / 64)
    for (index, ways) in list.members.enumerated() {
      if !ways.isEmpty { left[index / 64] |= 1 << UInt64(index % 64) }
      if ways.isEmpty, list.required[index / 64] >> UInt64(index % 64) & 1 == 1 { return nil }
    }
    let start = State(list: number(of: list), left: left, pending: demands)
    return isAlive(start) ? number(of: start) : nil
  }

  mutating func number(of list: List) -> Int {
    if let known = listNumbers[list] { return known }
    lists.append(list)
    listNumbers[list] = lists.count - 1
    return lists.count - 1
  }

  mutating func number(of state: State) -> Int32 {
    if let known = numbers[state] { return known }
    let number = Int32(states.count)
    states.append(state)
    numbers[state] = number
    leftWords += state.left.count
    return number
  }

  /// The number of a state of another table, whose languages have other numbers here.
  mutating func number(of state: State, in list: List, _ renumber: (LanguageID) -> LanguageID) -> Int32 {
    var state = state
    state.list = number(of: list.renumbered(renumber))
    return number(of: state)
  }

  /// Whether nothing more is needed.
  func canEnd(_ state: State) -> Bool {
    let list = lists[state.list]
    return state.pending == 0 && state.count >= list.atLeast
      && zip(state.left, list.required).allSatisfy { $0 & $1 == 0 }
  }

  /// Whether the rest can be written so that nothing is missing.
  func isAlive(_ state: State) -> Bool {
    let list = lists[state.list]
    let room = list.atMost - state.count
    if room < 0 { return false }
    if list.others.isEmpty {
      let available = state.left.reduce(0) { $0 + $1.nonzeroBitCount }
      if state.count + available < list.atLeast { return false }
    }
    guard let fewest = fewest(state) else { return false }
    return fewest <= room && max(fewest + state.count, list.atLeast) <= list.atMost
  }

  /// The fewest members and others that must still come; nil where demands cannot be met.
  private func fewest(_ state: State) -> Int? {
    let list = lists[state.list]
    if state.pending == 0 {
      return zip(state.left, list.required).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
    }
    // The fewest for each set of demands that are not met yet.
    var fewest: [UInt32: Int] = [state.pending: 0]
    for member in Self.members(state.left) {
      let isRequired = list.required[member / 64] >> UInt64(member % 64) & 1 == 1
      var next: [UInt32: Int] = isRequired ? [:] : fewest
      for (pending, count) in fewest {
        for way in list.members[member] {
          let rest = pending & ~way.meets
          next[rest] = min(next[rest] ?? .max, count + 1)
        }
      }
      fewest = next
    }
    for way in list.others where way.meets != 0 {
      for (pending, count) in fewest {
        let rest = pending & ~way.meets
        fewest[rest] = min(fewest[rest] ?? .max, count + 1)
      }
    }
    return fewest[0]
  }

  /// The members of a set, in order.
  static func members(_ set: [UInt64]) -> [Int] {
    var members: [Int] = []
    for (index, word) in set.enumerated() {
      var rest = word
      while rest != 0 {
        members.append(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return members
  }

  /// The state after a member, which is nil for one of the others, written in some way.
  func state(_ state: State, after member: Int?, _ way: List.Way) -> State? {
    let list = lists[state.list]
    var next = state
    next.pending &= ~way.meets
    // Counts past the last one that matters are all the same.
    next.count = min(state.count + 1, list.atMost == .max ? max(1, list.atLeast) : Int.max)
    if let member {
      next.left[member / 64] &= ~(1 << UInt64(member % 64))
      if list.keepsOrder {
        for skipped in Self.members(next.left) where skipped < member {
          if list.required[skipped / 64] >> UInt64(skipped % 64) & 1 == 1 { return nil }
          next.left[skipped / 64] &= ~(1 << UInt64(skipped % 64))
        }
      }
    } else if list.keepsOrder {
      if zip(state.left, list.required).contains(where: { $0 & $1 != 0 }) { return nil }
      next.left = next.left.map { _ in 0 }
    }
    return isAlive(next) ? next : nil
  }
}

extension MemberStates.List {
  /// The languages that it is made of.
  var languages: [LanguageID] { members.joined().map(\.language) + others.map(\.language) + [separator] }

  fileprivate func renumbered(_ renumber: (LanguageID) -> LanguageID) -> MemberStates.List {
    func renumbered(_ way: Way) -> Way { Way(language: renumber(way.language), meets: way.meets) }
    var other = self
    other.members = members.map { $0.map(renumbered) }
    other.others = others.map(renumbered)
    other.separator = renumber(separator)
    return other
  }
}
