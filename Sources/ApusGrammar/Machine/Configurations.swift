/// The number of a configuration in a `Configurations`.
typealias ConfigurationID = Int32

/// One way to read the text so far: what is left of the rule, and what follows it.
struct Reading: Hashable, Comparable {
  var language: LanguageID
  var stack: StackID

  static func < (a: Reading, b: Reading) -> Bool { (a.language, a.stack) < (b.language, b.stack) }
}

/// All the ways to read a text at once, by number; equal ones have one number. 0 is the dead one: no way at all.
struct Configurations {
  static let dead: ConfigurationID = 0
  static let unknown: ConfigurationID = -1

  private struct Key: Hashable {
    var readings: [Reading]
    var canEnd: Bool
  }

  private(set) var all: [[Reading]] = []
  private(set) var canEnd: [Bool] = []
  /// What follows each class of bytes, a row for each configuration.
  private(set) var rows: [ConfigurationID] = []
  private var numbers: [Key: ConfigurationID] = [:]
  private let classCount: Int
  private var readingCount = 0

  init(classCount: Int) {
    self.classCount = classCount
    _ = insert([], canEnd: false)
    for `class` in 0..<classCount { rows[`class`] = Self.dead }
  }

  var byteCount: Int { all.count * (144 + classCount * 4) + readingCount * 24 }

  /// The configuration with these readings, which are in order.
  mutating func insert(_ readings: [Reading], canEnd: Bool) -> ConfigurationID {
    let key = Key(readings: readings, canEnd: canEnd)
    if let known = numbers[key] { return known }
    let number = ConfigurationID(all.count)
    all.append(readings)
    self.canEnd.append(canEnd)
    rows.append(contentsOf: repeatElement(Self.unknown, count: classCount))
    numbers[key] = number
    readingCount += readings.count
    return number
  }

  subscript(configuration: ConfigurationID, class: Int) -> ConfigurationID {
    get { rows[Int(configuration) * classCount + `class`] }
    set { rows[Int(configuration) * classCount + `class`] = newValue }
  }
}
