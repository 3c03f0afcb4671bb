/// Readings cut into what is cheap to walk through the tree of tokens and what is not.
///
/// A reading that many bytes can begin, such as one within a string, is cut into its terminal, whose tokens are found once
/// for all grammars, and what comes after it.
struct ReadingParts {
  /// A terminal's state, and the configuration behind the terminal.
  struct Terminal: Hashable {
    var language: LanguageID
    var after: ConfigurationID
  }

  /// A reading with more first bytes than this is cut where it can be.
  private static let manyBytes = 24

  private(set) var terminals: [Terminal] = []
  /// Readings to walk as they are, in order.
  private(set) var others: [Reading] = []

  private var waiting: [Reading]
  private var seen: Set<Reading> = []

  init(_ configuration: ConfigurationID, _ machine: inout Machine) {
    waiting = Array(machine.configurations.readings(of: configuration))
    while let reading = waiting.popLast() { cut(reading, &machine) }
    others = Set(others).sorted()
  }

  private mutating func cut(_ reading: Reading, _ machine: inout Machine) {
    guard machine.table.has(.beginsWithByte, reading.language) else { return }
    guard machine.table.firsts[Int(reading.language)].count > Self.manyBytes else {
      others.append(reading)
      return
    }
    guard seen.insert(reading).inserted else { return }
    let (head, rest) = machine.table.headAndRest(of: reading.language)
    let node = machine.table.nodes[Int(head)]
    if machine.table.has(.isPlain, head) {
      let after = machine.configuration(of: [Reading(language: rest, stack: reading.stack)])
      terminals.append(Terminal(language: head, after: after))
    } else if node.kind == .union {
      for part in Array(machine.table.operands(of: node)) {
        let whole = machine.table.sequence(.join, part, rest)
        waiting.append(Reading(language: whole, stack: reading.stack))
      }
      return
    } else if node.kind != .call {
      others.append(reading)
      return
    }
    // Where the head may be empty, what is behind it may come at once. What that calls is in the configuration.
    if machine.table.has(.nullable, head) { waiting.append(Reading(language: rest, stack: reading.stack)) }
  }
}

extension LanguageTable {
  /// The symbol that a language begins with, and what comes after it.
  fileprivate mutating func headAndRest(of language: LanguageID) -> (head: LanguageID, rest: LanguageID) {
    var head = language
    var rest = Self.empty
    while nodes[Int(head)].kind == .join {
      rest = sequence(.join, nodes[Int(head)].second, rest)
      head = nodes[Int(head)].first
    }
    return (head, rest)
  }
}
