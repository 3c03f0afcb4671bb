/// What runs a grammar: configurations of all ways to read a text, and how bytes lead from one to the next, found out as
/// they are needed.
struct Machine: ~Copyable {
  var table: LanguageTable
  var configurations: Configurations
  var stacks = StackTable()
  var masks = MaskCache()
  let start: ConfigurationID
  private var closure: Closure

  private let root: Int
  private let byteLimit: Int
  /// Memory at which it is full, in bytes.
  private var fullAt = 0

  /// The machine of a grammar whose rules have these languages; the root must have a text.
  init(table: consuming LanguageTable, bodies: [LanguageID], root: Int, limits: GrammarLimits) {
    table.searchLimit = limits.statesOfSearch
    table.searchSteps = limits.stepsOfSearch
    let order = CallOrder(bodies, &table)
    let closure = Closure(bodies: bodies, order: order, limit: limits.readings)
    self.init(table: table, closure: closure, root: root, byteLimit: limits.cacheBytes)
  }

  private init(table: consuming LanguageTable, closure: consuming Closure, root: Int, byteLimit: Int) {
    configurations = Configurations(classCount: table.classes.count)
    self.closure = closure
    self.root = root
    self.byteLimit = byteLimit
    self.closure.add(Reading(language: table.call(root), stack: StackTable.bottom))
    start = self.closure.finish(&table, &stacks, &configurations)
    self.table = table
    // What it has at first cannot be given up.
    fullAt = byteCount + byteLimit
  }

  /// A machine for the same grammar that knows nothing yet.
  func restarted() -> Machine {
    var fresh = LanguageTable(
      classes: table.classes, searchLimit: table.searchLimit, searchSteps: table.searchSteps)
    fresh.nullableRules = table.nullableRules
    let extract = LanguageExtract(closure.bodies, of: table)
    let numbers = extract.insert(into: &fresh)
    let bodies = closure.bodies.map { numbers[Int(extract.places[$0] ?? 0)] }
    let closure = Closure(bodies: bodies, order: closure.order, limit: closure.limit)
    return Machine(table: fresh, closure: closure, root: root, byteLimit: byteLimit)
  }

  /// Takes a configuration of another machine of this grammar.
  mutating func take(_ extract: MachineExtract) -> ConfigurationID {
    let before = byteCount
    let configuration = extract.insert(into: &self)
    fullAt += byteCount - before
    return configuration
  }

  /// The most memory that one mask may bring it to, in bytes.
  ///
  /// Only where almost every token leads to a place of its own; tokens that are not looked at by then are left out.
  var mostBytes: Int { fullAt + byteLimit }
  var isOverfull: Bool { byteCount > mostBytes }

  /// Whether it is time to go on with another one.
  var isFull: Bool { byteCount > fullAt }

  var byteCount: Int { table.byteCount + configurations.byteCount + stacks.byteCount + masks.byteCount }

  /// The configuration of these readings and what they call and end.
  mutating func configuration(of readings: [Reading]) -> ConfigurationID {
    for reading in readings { closure.add(reading) }
    return closure.finish(&table, &stacks, &configurations)
  }

  /// Where a byte leads.
  mutating func step(_ configuration: ConfigurationID, _ byte: UInt8) -> ConfigurationID {
    guard configurations.firsts[Int(configuration)].contains(byte) else { return Configurations.dead }
    let `class` = Int(table.classes.classOfByte[Int(byte)])
    return configurations.next(configuration, `class`) ?? explore(configuration, `class`)
  }

  private mutating func explore(_ configuration: ConfigurationID, _ class: Int) -> ConfigurationID {
    for reading in configurations.readings(of: configuration) {
      let rest = table.derivative(reading.language, `class`)
      if rest != LanguageTable.nothing { closure.add(Reading(language: rest, stack: reading.stack)) }
    }
    let next = closure.finish(&table, &stacks, &configurations)
    configurations.setNext(configuration, `class`, next)
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
