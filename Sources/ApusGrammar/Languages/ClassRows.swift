/// What is known for numbered things and classes of bytes: where each class leads.
///
/// Most things are asked for one class only, as within a word that must follow; a row for all classes is made with the
/// second one.
struct ClassRows {
  private static let unknown: Int32 = -1

  /// The first class that was asked for, and what was found; or the row of all classes.
  private struct Entry {
    var value = unknown
    var row: Int32 = -1
    var `class`: UInt8 = 0
  }

  private var entries: [Entry] = []
  private var rows: [Int32] = []
  private let width: Int

  init(classes: Int) { width = classes }

  var byteCount: Int { entries.count * 12 + rows.count * 4 }

  subscript(thing: Int32, class: Int) -> Int32? {
    guard Int(thing) < entries.count else { return nil }
    let entry = entries[Int(thing)]
    if entry.row >= 0 {
      let known = rows[Int(entry.row) * width + `class`]
      return known == Self.unknown ? nil : known
    }
    return Int(entry.class) == `class` && entry.value != Self.unknown ? entry.value : nil
  }

  mutating func set(_ thing: Int32, _ class: Int, _ value: Int32) {
    while entries.count <= Int(thing) { entries.append(Entry()) }
    var entry = entries[Int(thing)]
    if entry.row < 0, entry.value == Self.unknown {
      entries[Int(thing)] = Entry(value: value, class: UInt8(`class`))
      return
    }
    if entry.row < 0 {
      entry.row = Int32(rows.count / width)
      entries[Int(thing)] = entry
      rows.append(contentsOf: repeatElement(Self.unknown, count: width))
      rows[Int(entry.row) * width + Int(entry.class)] = entry.value
    }
    rows[Int(entry.row) * width + `class`] = value
  }
}
