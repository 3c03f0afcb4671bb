/// A configuration with all that it refers to, to go into another machine of the same grammar.
struct MachineExtract: Sendable {
  private let languages: LanguageExtract
  /// Rings of stacks, those below first; most have one stack, and not all of these refer to themselves.
  private let rings: [[[StackEdge]]]
  /// Where each stack is, counted over all rings.
  private let places: [StackID: StackID]
  private let readings: [Reading]
  private let canEnd: Bool

  init(_ configuration: ConfigurationID, of machine: borrowing Machine) {
    readings = Array(machine.configurations.readings(of: configuration))
    canEnd = machine.canEnd(configuration)
    let stacks = machine.stacks.reachable(from: readings.map(\.stack))
    rings = machine.stacks.rings(stacks)
    places = Dictionary(uniqueKeysWithValues: stacks.enumerated().map { ($1, StackID($0)) })
    let rests = rings.joined().joined().map(\.rest)
    languages = LanguageExtract(rests + readings.map(\.language), of: machine.table)
  }

  /// Puts it into a machine; gives its number there.
  func insert(into machine: inout Machine) -> ConfigurationID {
    let numbers = languages.insert(into: &machine.table)
    func language(_ old: LanguageID) -> LanguageID { numbers[Int(languages.places[old] ?? 0)] }
    var stackNumbers: [StackID] = []
    func stack(_ old: StackID) -> StackID { stackNumbers[Int(places[old] ?? 0)] }
    for ring in rings {
      let members = StackID(stackNumbers.count)..<StackID(stackNumbers.count + ring.count)
      let edges = ring.map { list in
        list.map { edge in
          if edge == StackTable.end { return edge }
          let place = places[edge.below] ?? 0
          let below = members.contains(place) ? members.lowerBound - 1 - place : stack(edge.below)
          return StackEdge(rest: language(edge.rest), below: below)
        }.sorted()
      }
      let isRing = edges.joined().contains { $0.below < 0 }
      let first = isRing ? machine.stacks.insert(ring: edges) : machine.stacks.insert(edges[0])
      stackNumbers += ring.indices.map { first + StackID($0) }
    }
    let moved = readings.map { Reading(language: language($0.language), stack: stack($0.stack)) }
    return machine.configurations.insert(moved.sorted(), canEnd: canEnd, machine.table)
  }
}
