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
    /// Demands that must all be met, a bit each.
    var demands: UInt32
    var keepsOrder = false
    /// The last member that must come; -1 where none must.
    private(set) var lastRequired = -1

    /// `languages` are those of the list's ways, in order.
    init(_ list: MemberList, _ languages: [LanguageID], separator: LanguageID) {
      demands = list.demands
      var rest = Array(zip(list.ways, languages))[...]
      func take(_ count: Int) -> [Way] {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).filter { $1 != LanguageTable.nothing }.map { Way(language: $1, meets: $0.meets) }
      }
      for (index, member) in list.members.enumerated() {
        if index % 64 == 0 { required.append(0) }
        if member.isRequired {
          required[index / 64] |= MemberStates.bit(index)
          lastRequired = index
        }
        members.append(take(member.ways.count))
      }
      others = take(list.others.count)
      self.separator = separator
      (atLeast, atMost, keepsOrder) = (max(0, list.atLeast), list.atMost ?? .max, list.keepsOrder)
    }

    func isRequired(_ member: Int) -> Bool { required[member / 64] & MemberStates.bit(member) != 0 }

    /// The first member from `first` on that must come.
    func required(from first: Int) -> Int? {
      first > lastRequired ? nil : (first...lastRequired).first { isRequired($0) }
    }
  }

  /// What matters of what has been read.
  struct State: Hashable {
    var list: Int
    /// Members that may still come, a bit each, where any may be next.
    var left: [UInt64]
    /// The first member that may still come, where they come in their order.
    var first = 0
    var pending: UInt32
    /// How many there are, as far as it matters; 0 only at the beginning.
    var count = 0
  }

  private(set) var lists: [List] = []
  private(set) var states: [State] = []
  private var needs: [MemberNeeds] = []
  private var numbers: [State: Int32] = [:]
  private var listNumbers: [List: Int] = [:]
  var unfolded: [LanguageID: LanguageID] = [:]

  /// The most steps that it takes for any list to see which members may come next.
  private(set) var mostSteps = 0
  private var leftWords = 0
  var byteCount: Int { states.count * 192 + leftWords * 16 + unfolded.count * 24 }

  /// Whether a list has a text, if only those ways can be written whose numbers `isReady` knows.
  static func canBeWritten(_ list: MemberList, with isReady: (Int) -> Bool) -> Bool {
    if list.mayBeEmpty { return true }
    let ways = list.ways.indices.map { isReady($0) ? LanguageTable.empty : LanguageTable.nothing }
    var states = MemberStates()
    return states.add(List(list, ways, separator: LanguageTable.empty)) != nil
  }

  /// The number of the state at the beginning of a list; nil where nothing can be written.
  mutating func add(_ list: List) -> Int32? {
    if list.members.indices.contains(where: { list.isRequired($0) && list.members[$0].isEmpty }) { return nil }
    var start = State(list: number(of: list), left: [], pending: list.demands)
    if !list.keepsOrder {
      start.left = Array(repeating: 0, count: list.required.count)
      for (index, ways) in list.members.enumerated() where !ways.isEmpty { start.left[index / 64] |= Self.bit(index) }
    }
    let members = members(of: start)
    return isAlive(start, needs[start.list].fewest(of: members), available: members.count) ? number(of: start) : nil
  }

  private mutating func number(of list: List) -> Int {
    if let known = listNumbers[list] { return known }
    lists.append(list)
    let needed = MemberNeeds(list)
    needs.append(needed)
    mostSteps = max(mostSteps, needed.size * (list.keepsOrder ? 1 : needed.kindCount))
    listNumbers[list] = lists.count - 1
    return lists.count - 1
  }

  private mutating func number(of state: State) -> Int32 {
    if let known = numbers[state] { return known }
    let number = Int32(states.count)
    states.append(state)
    numbers[state] = number
    leftWords += state.left.count
    return number
  }

  /// Takes a list of another table, whose languages have other numbers here; gives its number.
  mutating func take(_ list: List, _ renumber: (LanguageID) -> LanguageID) -> Int {
    number(of: list.renumbered(renumber))
  }

  /// The number of a state of another table whose list is here `list`.
  mutating func number(of state: State, ofList list: Int) -> Int32 {
    var state = state
    state.list = list
    return number(of: state)
  }

  static func bit(_ member: Int) -> UInt64 { 1 << UInt64(member % 64) }

  /// Whether nothing more is needed.
  func canEnd(_ state: State) -> Bool {
    let list = lists[state.list]
    guard state.pending == 0, state.count >= list.atLeast else { return false }
    if list.keepsOrder { return state.first > list.lastRequired }
    return zip(state.left, list.required).allSatisfy { $0 & $1 == 0 }
  }

  /// Whether the rest can be written so that nothing is missing, of which `available` members are left.
  private func isAlive(_ state: State, _ fewest: MemberNeeds.Fewest, available: Int) -> Bool {
    let list = lists[state.list]
    let room = list.atMost - state.count
    if room < 0 || list.others.isEmpty && state.count + available < list.atLeast { return false }
    guard let fewest = fewest[state.pending] else { return false }
    return fewest <= room && max(fewest + state.count, list.atLeast) <= list.atMost
  }

  /// The members that may still come, in order.
  private func members(of state: State) -> [Int] {
    let list = lists[state.list]
    if list.keepsOrder { return (state.first..<list.members.count).filter { !list.members[$0].isEmpty } }
    var members: [Int] = []
    for (index, word) in state.left.enumerated() {
      var rest = word
      while rest != 0 {
        members.append(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return members
  }

  /// The ways to write what comes next, each with the number of the state behind it; none that leads to no end.
  mutating func next(_ state: State) -> [(language: LanguageID, state: Int32)] {
    let found = lists[state.list].keepsOrder ? nextInOrder(state) : nextInAnyOrder(state)
    return found.map { ($0.way.language, number(of: $0.next)) }
  }

  private typealias Next = (way: List.Way, next: State)

  private func nextInAnyOrder(_ state: State) -> [Next] {
    let list = lists[state.list]
    let members = members(of: state)
    let needs = needs[state.list]
    let (all, withoutOne) = needs.fewestWithoutOne(of: members)
    var found: [Next] = []
    for member in members {
      var left = state.left
      left[member / 64] &= ~Self.bit(member)
      for way in list.members[member] {
        var next = after(way, state)
        next.left = left
        if isAlive(next, withoutOne[needs.kind(of: member)], available: members.count - 1) { found.append((way, next)) }
      }
    }
    for way in list.others {
      let next = after(way, state)
      if isAlive(next, all, available: members.count) { found.append((way, next)) }
    }
    return found
  }

  /// From the last member to the first, as what is needed behind one follows from what is needed behind the next.
  private func nextInOrder(_ state: State) -> [Next] {
    let list = lists[state.list]
    var found: [Next] = []
    var fewest = needs[state.list].behindMembers
    if state.first > list.lastRequired {
      for way in list.others {
        var next = after(way, state)
        next.first = list.members.count
        if isAlive(next, fewest, available: 0) { found.append((way, next)) }
      }
    }
    // No one that must come is left out.
    let last = list.required(from: state.first) ?? list.members.count - 1
    var available = 0
    for member in (state.first..<list.members.count).reversed() {
      if member <= last {
        for way in list.members[member] {
          var next = after(way, state)
          next.first = member + 1
          if isAlive(next, fewest, available: available) { found.append((way, next)) }
        }
      }
      needs[state.list].add(member, to: &fewest)
      if !list.members[member].isEmpty { available += 1 }
    }
    return found
  }

  /// The state behind a way, whose member may still come.
  private func after(_ way: List.Way, _ state: State) -> State {
    let list = lists[state.list]
    var next = state
    next.pending &= ~way.meets
    // Counts past the last one that matters are all the same.
    next.count = min(state.count + 1, list.atMost == .max ? max(1, list.atLeast) : Int.max)
    return next
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
