/// What runs a grammar: configurations of all ways to read a text, and how bytes lead from one to the next, found out as
/// they are needed.
struct Machine {
  private(set) var table: LanguageTable
  private(set) var configurations: Configurations
  private(set) var stacks = StackTable()
  let start: ConfigurationID
  private var closure: Closure

  /// The machine of a grammar whose rules have these languages; the root must have a text.
  init(table: LanguageTable, bodies: [LanguageID], root: Int, limits: GrammarLimits) {
    var table = table
    closure = Closure(bodies: bodies, order: CallOrder(bodies, &table), limit: limits.readings)
    configurations = Configurations(classCount: table.classes.count)
    closure.add(Reading(language: table.call(root), stack: StackTable.bottom))
    start = closure.finish(&table, &stacks, &configurations)
    self.table = table
  }

  var byteCount: Int { table.byteCount + configurations.byteCount + stacks.byteCount }

  /// Where a byte leads.
  mutating func step(_ configuration: ConfigurationID, _ byte: UInt8) -> ConfigurationID {
    let `class` = Int(table.classes.classOfByte[Int(byte)])
    let known = configurations[configuration, `class`]
    return known >= 0 ? known : explore(configuration, `class`)
  }

  private mutating func explore(_ configuration: ConfigurationID, _ class: Int) -> ConfigurationID {
    for reading in configurations.all[Int(configuration)] {
      let rest = table.derivative(reading.language, `class`)
      if rest != LanguageTable.nothing { closure.add(Reading(language: rest, stack: reading.stack)) }
    }
    let next = closure.finish(&table, &stacks, &configurations)
    configurations[configuration, `class`] = next
    return next
  }

  /// The only byte that can follow, if there is one and the text cannot end.
  mutating func forcedByte(_ configuration: ConfigurationID) -> UInt8? {
    if configurations.canEnd[Int(configuration)] { return nil }
    var found: UInt8?
    for (index, byte) in table.classes.examples.enumerated() {
      guard step(configuration, byte) != Configurations.dead else { continue }
      if found != nil || table.classes.sizes[index] > 1 { return nil }
      found = byte
    }
    return found
  }

  func canEnd(_ configuration: ConfigurationID) -> Bool { configurations.canEnd[Int(configuration)] }

  /// Whether no byte can follow.
  mutating func isComplete(_ configuration: ConfigurationID) -> Bool {
    table.classes.examples.allSatisfy { step(configuration, $0) == Configurations.dead }
  }
}
