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
  private static let unknown: ConfigurationID = -1

  private(set) var canEnd: [Bool] = []
  private var starts: [Int32] = [0]
  private var readings: [Reading] = []
  /// What follows each class of bytes, a row for each configuration.
  private var rows: [ConfigurationID] = []
  private var slots = SlotTable()
  private let classCount: Int

  init(classCount: Int) {
    self.classCount = classCount
    _ = insert([], canEnd: false)
    for `class` in 0..<classCount { rows[`class`] = Self.dead }
  }

  var byteCount: Int { canEnd.count * (6 + classCount * 4) + readings.count * 8 + slots.byteCount }

  func readings(of configuration: ConfigurationID) -> ArraySlice<Reading> {
    readings[Int(starts[Int(configuration)])..<Int(starts[Int(configuration) + 1])]
  }

  /// Where a class of bytes leads, if that is known.
  func next(_ configuration: ConfigurationID, _ class: Int) -> ConfigurationID? {
    let next = rows[Int(configuration) * classCount + `class`]
    return next == Self.unknown ? nil : next
  }

  mutating func setNext(_ configuration: ConfigurationID, _ class: Int, _ next: ConfigurationID) {
    rows[Int(configuration) * classCount + `class`] = next
  }

  /// The configuration with these readings, which are in order.
  mutating func insert(_ list: [Reading], canEnd: Bool) -> ConfigurationID {
    var print = LanguageMark(canEnd ? 1 : 0)
    for reading in list { print.add(reading.word) }
    var slot = slots.begin(print.low)
    while let known = slots.find(print.low, &slot) {
      let number = ConfigurationID(known)
      if self.canEnd[known] == canEnd, readings(of: number).elementsEqual(list) { return number }
    }
    slots.append(print.low, at: slot)
    self.canEnd.append(canEnd)
    readings += list
    starts.append(Int32(readings.count))
    rows.append(contentsOf: repeatElement(Self.unknown, count: classCount))
    return ConfigurationID(self.canEnd.count - 1)
  }
}
