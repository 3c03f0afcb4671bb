/// Makes a configuration of readings: follows the ends of rules and the calls of rules until all begin with a byte.
///
/// Rules that are called here get one stack each (a frame), whoever calls them; frames become stacks at the end, callers
/// first. A frame that comes to the end of its rule read nothing: that a rule may be empty its callers have taken into
/// account, so nothing is to be done.
struct Closure {
  /// A rule that is called at this place.
  private struct Frame {
    var rule: Int32
    /// Where its callers go on; `below` less than 0 is a frame, `-1 - index`.
    var edges: [StackEdge] = []
    /// Callers after which nothing is left of their own rule: it goes on where they do.
    var tails: [StackID] = []
  }

  private let bodies: [LanguageID]
  private let order: CallOrder
  private let limit: Int
  private var waiting: [Reading] = []
  private var seen: Set<Reading> = []
  private var readings: [Reading] = []
  private var frames: [Frame] = []
  private var frameOfRule: [Int32]
  private var canEnd = false

  init(bodies: [LanguageID], order: CallOrder, limit: Int) {
    self.bodies = bodies
    self.order = order
    self.limit = limit
    frameOfRule = Array(repeating: -1, count: bodies.count)
  }

  mutating func add(_ reading: Reading) {
    guard seen.count < limit, seen.insert(reading).inserted else { return }
    waiting.append(reading)
  }

  /// The configuration of all that was added.
  mutating func finish(
    _ table: inout LanguageTable, _ stacks: inout StackTable, _ configurations: inout Configurations
  ) -> ConfigurationID {
    while let reading = waiting.popLast() {
      if table.has(.nullable, reading.language), reading.stack >= 0 { end(reading.stack, stacks) }
      for call in table.leadingCalls(reading.language) { enter(call, from: reading.stack) }
      if table.has(.beginsWithByte, reading.language) { readings.append(reading) }
    }
    let stackOfFrame = frames.isEmpty ? [] : makeStacks(&stacks)
    for index in readings.indices where readings[index].stack < 0 {
      readings[index].stack = stackOfFrame[Int(-1 - readings[index].stack)]
    }
    readings.sort()
    let result = configurations.insert(readings.withoutDoubles(), canEnd: canEnd)
    reset()
    return result
  }

  private mutating func reset() {
    for frame in frames { frameOfRule[Int(frame.rule)] = -1 }
    frames.removeAll(keepingCapacity: true)
    seen.removeAll(keepingCapacity: true)
    readings.removeAll(keepingCapacity: true)
    canEnd = false
  }

  /// A rule has been read: what its stack says comes next.
  private mutating func end(_ stack: StackID, _ stacks: StackTable) {
    for edge in stacks.edges(of: stack) {
      if edge == StackTable.end {
        canEnd = true
      } else {
        add(Reading(language: edge.rest, stack: edge.below))
      }
    }
  }

  private mutating func enter(_ call: RuleCall, from stack: StackID) {
    var index = Int(frameOfRule[Int(call.rule)])
    if index < 0 {
      index = frames.count
      frames.append(Frame(rule: call.rule))
      frameOfRule[Int(call.rule)] = Int32(index)
      add(Reading(language: bodies[Int(call.rule)], stack: StackID(-1 - index)))
    }
    guard frames[index].edges.count < limit else { return }
    if call.rest == LanguageTable.empty {
      frames[index].tails.append(stack)
    } else {
      frames[index].edges.append(StackEdge(rest: call.rest, below: stack))
    }
  }

  private func makeStacks(_ stacks: inout StackTable) -> [StackID] {
    var stackOfFrame = Array(repeating: StackID(-1), count: frames.count)
    let sorted = frames.indices.sorted { (ring(of: $0), frames[$0].rule) < (ring(of: $1), frames[$1].rule) }
    var first = 0
    while first < sorted.count {
      var last = first + 1
      while last < sorted.count, ring(of: sorted[last]) == ring(of: sorted[first]) { last += 1 }
      let members = sorted[first..<last]
      let lists = members.map { edges(of: $0, members, stackOfFrame, stacks) }
      if order.isRecursive[Int(frames[sorted[first]].rule)] {
        let number = stacks.insert(ring: lists)
        for (offset, member) in members.enumerated() { stackOfFrame[member] = number + StackID(offset) }
      } else {
        stackOfFrame[sorted[first]] = stacks.insert(lists[0])
      }
      first = last
    }
    return stackOfFrame
  }

  private func ring(of frame: Int) -> Int32 { order.ring[Int(frames[frame].rule)] }

  /// A frame's edges, with frames of its own ring as their places in it, less than 0.
  private func edges(
    of index: Int, _ members: ArraySlice<Int>, _ stackOfFrame: [StackID], _ stacks: StackTable
  ) -> [StackEdge] {
    func resolve(_ stack: StackID) -> StackID {
      guard stack < 0 else { return stack }
      let frame = Int(-1 - stack)
      guard let place = members.firstIndex(of: frame) else { return stackOfFrame[frame] }
      return StackID(-1 - (place - members.startIndex))
    }
    var result = frames[index].edges.map { StackEdge(rest: $0.rest, below: resolve($0.below)) }
    for tail in frames[index].tails.map(resolve) {
      if tail < 0 {
        result.append(StackEdge(rest: LanguageTable.empty, below: tail))
      } else {
        result += stacks.edges(of: tail)
      }
    }
    result.sort()
    return Array(result.withoutDoubles().prefix(limit))
  }
}

extension Array where Element: Equatable {
  /// The same, of equal neighbours only one.
  fileprivate func withoutDoubles() -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(count)
    for element in self where element != result.last { result.append(element) }
    return result
  }
}
