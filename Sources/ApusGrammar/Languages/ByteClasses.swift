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
    for byte in 0...255 where set.contains(UInt8(byte)) { inside[Int(classOfByte[byte])] += 1 }
    var moved: [UInt8?] = Array(repeating: nil, count: count)
    for byte in 0...255 where set.contains(UInt8(byte)) {
      let old = Int(classOfByte[byte])
      guard inside[old] < sizes[old] else { continue }
      if moved[old] == nil {
        moved[old] = UInt8(count)
        examples.append(UInt8(byte))
        sizes.append(0)
      }
      guard let new = moved[old] else { continue }
      classOfByte[byte] = new
      sizes[Int(new)] += 1
    }
    for (old, new) in moved.enumerated() where new != nil {
      sizes[old] -= inside[old]
      if let example = classOfByte.firstIndex(of: UInt8(old)) { examples[old] = UInt8(example) }
    }
  }
}
