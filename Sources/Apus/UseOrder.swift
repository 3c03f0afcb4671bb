/// Numbers from 0 on in the order of their last use.
///
/// Each call takes the same time, however many there are.
struct UseOrder: Sendable {
  // A ring: place 0 is between the newest and the oldest one, a number's place is the next after it.
  private var older: [Int32] = [0]
  private var newer: [Int32] = [0]
  private(set) var count = 0

  /// Adds a number that is not there, as the newest.
  mutating func append(_ number: Int32) {
    let place = Int(number) + 1
    let missing = place + 1 - older.count
    if missing > 0 {
      older += repeatElement(0, count: missing)
      newer += repeatElement(0, count: missing)
    }
    let newest = Int(older[0])
    (older[place], newer[place]) = (Int32(newest), 0)
    newer[newest] = Int32(place)
    older[0] = Int32(place)
    count += 1
  }

  /// Takes out a number that is there.
  mutating func remove(_ number: Int32) {
    let (before, after) = (older[Int(number) + 1], newer[Int(number) + 1])
    newer[Int(before)] = after
    older[Int(after)] = before
    count -= 1
  }

  /// The next newer one; for nil the oldest of all.
  func next(after number: Int32?) -> Int32? {
    let place = newer[Int((number ?? -1) + 1)]
    return place == 0 ? nil : place - 1
  }

  /// All numbers, the oldest first; what does not belong together ends it early.
  var numbers: [Int32] {
    var (all, last): ([Int32], Int32?) = ([], nil)
    while let next = next(after: last), all.count < count, older[Int(next) + 1] == (last ?? -1) + 1 {
      all.append(next)
      last = next
    }
    return all
  }
}
