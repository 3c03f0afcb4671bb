/// The number of a configuration in a `Configurations`.
typealias ConfigurationID = Int32

/// One way to read the text so far: what is left of the rule, and what follows it.
struct Reading: Hashable, Comparable {
  var language: LanguageID
  var stack: StackID

  var word: UInt64 { UInt64(UInt32(bitPattern: language)) << 32 | UInt64(UInt32(bitPattern: stack)) }

  static func < (a: Reading, b: Reading) -> Bool { (a.language, a.stack) < (b.language, b.stack) }
}

/// All the ways to read a text at once, by number; equal ones have one number.
struct Configurations: ~Copyable {
  /// No way at all.
  static let dead: ConfigurationID = 0

  private(set) var canEnd: [Bool] = []
  /// The bytes that may follow, or more.
  private(set) var firsts: [ByteSet] = []
  private var starts: [Int32] = [0]
  private var readings: [Reading] = []
  /// What follows each class of bytes.
  private var nexts: ClassRows
  private var slots = SlotTable()

  init(classCount: Int) {
    nexts = ClassRows(classes: classCount)
    _ = insert([], canEnd: false, firsts: ByteSet())
  }

  var byteCount: Int { canEnd.count * 37 + nexts.byteCount + readings.count * 8 + slots.byteCount }

  func readings(of configuration: ConfigurationID) -> ArraySlice<Reading> {
    readings[Int(starts[Int(configuration)])..<Int(starts[Int(configuration) + 1])]
  }

  /// Where a class of bytes leads, if that is known.
  func next(_ configuration: ConfigurationID, _ class: Int) -> ConfigurationID? { nexts[configuration, `class`] }

  mutating func setNext(_ configuration: ConfigurationID, _ class: Int, _ next: ConfigurationID) {
    nexts.set(configuration, `class`, next)
  }

  /// The configuration with these readings, which are in order; their strings begin with bytes of `firsts`.
  mutating func insert(_ list: [Reading], canEnd: Bool, firsts: ByteSet) -> ConfigurationID {
    var print = LanguageMark(canEnd ? 1 : 0)
    for reading in list { print.add(reading.word) }
    var slot = slots.begin(print.low)
    while let known = slots.find(print.low, &slot) {
      let number = ConfigurationID(known)
      if self.canEnd[known] == canEnd, readings(of: number).elementsEqual(list) { return number }
    }
    slots.append(print.low, at: slot)
    self.canEnd.append(canEnd)
    self.firsts.append(firsts)
    readings += list
    starts.append(Int32(readings.count))
    return ConfigurationID(self.canEnd.count - 1)
  }

  /// The same, of languages of a table.
  mutating func insert(_ list: [Reading], canEnd: Bool, _ table: borrowing LanguageTable) -> ConfigurationID {
    insert(list, canEnd: canEnd, firsts: list.reduce(ByteSet()) { $0.union(table.firsts[Int($1.language)]) })
  }
}
