/// Bytes that no set of a grammar tells apart: one class.
struct ByteClasses: Sendable {
  /// The class of each byte.
  private(set) var classOfByte: [UInt8] = Array(repeating: 0, count: 256)
  /// A byte of each class.
  private(set) var examples: [UInt8] = [0]
  /// How many bytes each class has.
  private(set) var sizes: [Int] = [256]

  var count: Int { examples.count }

  init(_ sets: some Sequence<ByteSet>) {
    for set in sets where count < 256 { split(by: set) }
  }

  private mutating func split(by set: ByteSet) {
    var inside = Array(repeating: 0, count: count)
    set.forEach { inside[Int(classOfByte[Int($0)])] += 1 }
    var moved: [UInt8?] = Array(repeating: nil, count: count)
    var hasLostExample: [Int] = []
    set.forEach { byte in
      let old = Int(classOfByte[Int(byte)])
      guard inside[old] < sizes[old] || moved[old] != nil else { return }
      let new = moved[old] ?? UInt8(count)
      if moved[old] == nil {
        moved[old] = new
        examples.append(byte)
        sizes.append(0)
      }
      if examples[old] == byte { hasLostExample.append(old) }
      classOfByte[Int(byte)] = new
      sizes[Int(new)] += 1
      sizes[old] -= 1
      inside[old] -= 1
    }
    for old in hasLostExample {
      if let example = classOfByte.firstIndex(of: UInt8(old)) { examples[old] = UInt8(example) }
    }
  }
}
