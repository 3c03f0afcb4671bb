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
  var ignoringCase: ScalarSet {
    var added: [ClosedRange<UInt32>] = []
    for (upper, lower) in Self.casePairs {
      if contains(upper) { added.append(lower.value...lower.value) }
      if contains(lower) { added.append(upper.value...upper.value) }
    }
    return added.isEmpty ? self : union(ScalarSet(added))
  }

  private static let casePairs: [(upper: Unicode.Scalar, lower: Unicode.Scalar)] = {
    var pairs: [(upper: Unicode.Scalar, lower: Unicode.Scalar)] = []
    // No character beyond the second plane has cases.
    for scalar in (UInt32(0)...0x1FFFF).lazy.compactMap(Unicode.Scalar.init) {
      if let upper = single(scalar.properties.uppercaseMapping), upper != scalar { pairs.append((upper, scalar)) }
      if let lower = single(scalar.properties.lowercaseMapping), lower != scalar { pairs.append((scalar, lower)) }
    }
    return pairs
  }()

  private static func single(_ text: String) -> Unicode.Scalar? {
    text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
  }
}
