/// The classes of characters that ECMA-262 names.
extension ScalarSet {
  /// `\d`.
  static let digits = ScalarSet([0x30...0x39])
  /// `\w`.
  static let wordCharacters = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  /// `\s`: white space, line ends and the byte order mark.
  static let whiteSpace = ScalarSet([
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
    0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
  /// What `.` leaves out.
  static let lineEnds = ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])
}

/// Characters that are the same but for their case.
extension ScalarSet {
  /// This set with the upper and lower case of each of its characters, where that is one character.
  ///
  /// Cost: the number of its characters that have a case, and of its ranges.
  var ignoringCase: ScalarSet {
    let table = Self.otherCases
    var added: [ClosedRange<UInt32>] = []
    for range in ranges {
      var (low, high) = (0, table.count)
      while low < high {
        let middle = (low + high) / 2
        if table[middle].scalar < range.lowerBound { low = middle + 1 } else { high = middle }
      }
      while low < table.count, table[low].scalar <= range.upperBound {
        if !range.contains(table[low].other) { added.append(table[low].other...table[low].other) }
        low += 1
      }
    }
    return added.isEmpty ? self : union(ScalarSet(added))
  }

  /// Characters and what they are in another case, in rising order; made once.
  private static let otherCases: [(scalar: UInt32, other: UInt32)] = {
    var pairs: [(scalar: UInt32, other: UInt32)] = []
    // No character beyond the second plane has cases.
    for scalar in (UInt32(0)...0x1FFFF).lazy.compactMap(Unicode.Scalar.init)
    where scalar.properties.changesWhenCaseMapped {
      for mapping in [scalar.properties.uppercaseMapping, scalar.properties.lowercaseMapping] {
        guard let other = single(mapping), other != scalar else { continue }
        pairs += [(scalar.value, other.value), (other.value, scalar.value)]
      }
    }
    return pairs.sorted { $0.scalar < $1.scalar }
  }()

  private static func single(_ text: String) -> Unicode.Scalar? {
    text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
  }
}
