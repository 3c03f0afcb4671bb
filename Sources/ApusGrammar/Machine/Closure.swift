/// Makes a configuration of readings: follows the ends of rules and the calls of rules until all begin with a byte.
///
/// Rules that are called here get one stack each (a frame), whoever calls them; frames become stacks at the end, callers
/// first. A frame that comes to the end of its rule has read nothing: that a rule may be empty its callers have taken into
/// account, so nothing is to be done.
struct Closure: ~Copyable {
  /// A call of a rule here: of which frame, and where the caller goes on; `below` less than 0 is a frame, `-1 - index`.
  private struct Call {
    var frame: Int
    var edge: StackEdge
  }

  let bodies: [LanguageID]
  let order: CallOrder
  let limit: Int

  private var readings: [Reading] = []
  private var seen: Set<Reading> = []
  /// The rules that are called here.
  private var frames: [Int32] = []
  private var frameOfRule: [Int32]
  private var calls: [Call] = []
  private var canEnd = false

  init(bodies: [LanguageID], order: CallOrder, limit: Int) {
    self.bodies = bodies
    self.order = order
    self.limit = limit
    frameOfRule = Array(repeating: -1, count: bodies.count)
  }

  mutating func add(_ reading: Reading) {
    guard readings.count < limit, !hasSeen(reading) else { return }
    readings.append(reading)
  }

  private mutating func hasSeen(_ reading: Reading) -> Bool {
    if readings.count < 16 { return readings.contains(reading) }
    if seen.isEmpty { seen.formUnion(readings) }
    return !seen.insert(reading).inserted
  }

  /// The configuration of all that was added.
  mutating func finish(
    _ table: inout LanguageTable, _ stacks: inout StackTable, _ configurations: inout Configurations
  ) -> ConfigurationID {
    var index = 0
    while index < readings.count {
      let reading = readings[index]
      if reading.stack >= 0, table.has(.nullable, reading.language) { end(reading.stack, stacks) }
      if table.has(.beginsWithCall, reading.language) {
        for call in table.leadingCalls(reading.language) { enter(call, from: reading.stack) }
      }
      index += 1
    }
    if readings.contains(where: { !table.has(.beginsWithByte, $0.language) }) {
      readings.removeAll { !table.has(.beginsWithByte, $0.language) }
    }
    if !frames.isEmpty { placeFrames(&stacks) }
    if readings.count > 1 {
      readings.sort()
      readings.removeDoubles()
    }
    let result = configurations.insert(readings, canEnd: canEnd, table)
    reset()
    return result
  }

  private mutating func reset() {
    for rule in frames { frameOfRule[Int(rule)] = -1 }
    frames.removeAll(keepingCapacity: true)
    calls.removeAll(keepingCapacity: true)
    readings.removeAll(keepingCapacity: true)
    if !seen.isEmpty { seen.removeAll() }
    canEnd = false
  }

  /// A rule has been read: what its stack says comes next.
  private mutating func end(_ stack: StackID, _ stacks: borrowing StackTable) {
    for edge in stacks.edges(of: stack) {
      if edge == StackTable.end {
        canEnd = true
      } else {
        add(Reading(language: edge.rest, stack: edge.below))
      }
    }
  }

  private mutating func enter(_ call: RuleCall, from stack: StackID) {
    var frame = Int(frameOfRule[Int(call.rule)])
    if frame < 0 {
      frame = frames.count
      frames.append(call.rule)
      frameOfRule[Int(call.rule)] = Int32(frame)
      add(Reading(language: bodies[Int(call.rule)], stack: StackID(-1 - frame)))
    }
    calls.append(Call(frame: frame, edge: StackEdge(rest: call.rest, below: stack)))
  }

  /// Makes stacks of the frames, ring by ring, and puts them into the readings.
  private mutating func placeFrames(_ stacks: inout StackTable) {
    let sorted = frames.indices.sorted { (ring(of: $0), frames[$0]) < (ring(of: $1), frames[$1]) }
    var edges: [[StackEdge]] = Array(repeating: [], count: frames.count)
    for call in calls where edges[call.frame].count < limit { edges[call.frame].append(call.edge) }
    var stackOfFrame = Array(repeating: StackID(-1), count: frames.count)
    var first = 0
    while first < sorted.count {
      var last = first + 1
      while last < sorted.count, ring(of: sorted[last]) == ring(of: sorted[first]) { last += 1 }
      let members = sorted[first..<last]
      if order.isRecursive[Int(frames[sorted[first]])] {
        let ring = members.map { resolve(edges[$0], members, stackOfFrame, stacks) }
        let number = stacks.insert(ring: ring)
        for (offset, member) in members.enumerated() { stackOfFrame[member] = number + StackID(offset) }
      } else {
        stackOfFrame[sorted[first]] = stacks.insert(resolve(edges[sorted[first]], [], stackOfFrame, stacks))
      }
      first = last
    }
    for index in readings.indices where readings[index].stack < 0 {
      readings[index].stack = stackOfFrame[Int(-1 - readings[index].stack)]
    }
  }

  private func ring(of frame: Int) -> Int32 { order.ring[Int(frames[frame])] }

  /// A frame's edges: frames of its own ring become their places in it, less than 0; others their stacks.
  ///
  /// A caller after which nothing is left of its own rule is left out: the rule goes on where its caller does.
  private func resolve(
    _ edges: [StackEdge], _ ring: ArraySlice<Int>, _ stackOfFrame: [StackID], _ stacks: borrowing StackTable
  ) -> [StackEdge] {
    var result: [StackEdge] = []
    for var edge in edges {
      if edge.below < 0 {
        let frame = Int(-1 - edge.below)
        edge.below = ring.firstIndex(of: frame).map { StackID(ring.startIndex - 1 - $0) } ?? stackOfFrame[frame]
      }
      if edge.rest == LanguageTable.empty, edge.below >= 0 {
        result += stacks.edges(of: edge.below)
      } else {
        result.append(edge)
      }
    }
    if result.count > 1 {
      result.sort()
      result.removeDoubles()
      if result.count > limit { result.removeLast(result.count - limit) }
    }
    return result
  }
}

extension Array where Element: Equatable {
  /// Leaves one of equal neighbours.
  fileprivate mutating func removeDoubles() {
    var kept = 0
    for index in indices where kept == 0 || self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeLast(count - kept)
  }
}
