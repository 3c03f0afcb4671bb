/// Python's case conversions, with Unicode's full mappings ('ß' becomes 'SS') and the final sigma.
///
/// Each letter may depend on its neighbours, so that the result is a message's where any part is.
extension TemplateText {
  private func mapped(_ transform: (Int, Unicode.Scalar, [Unicode.Scalar]) -> String) -> TemplateText {
    let scalars = Array(self.scalars)
    var result: [UInt8] = []
    result.reserveCapacity(utf8.count)
    for (index, scalar) in scalars.enumerated() { result.append(contentsOf: transform(index, scalar, scalars).utf8) }
    return TemplateText(utf8: result, by: origin.whole)
  }

  var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

  func uppercased() -> TemplateText {
    if isASCII {
      return TemplateText(utf8: utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, by: origin.whole)
    }
    return mapped { _, scalar, _ in scalar.properties.uppercaseMapping }
  }

  func lowercased() -> TemplateText {
    if isASCII {
      return TemplateText(utf8: utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }, by: origin.whole)
    }
    return mapped { index, scalar, scalars in Self.lower(scalar, at: index, in: scalars) }
  }

  func swappedCase() -> TemplateText {
    mapped { index, scalar, scalars in
      if scalar.isPythonUpper { return Self.lower(scalar, at: index, in: scalars) }
      return scalar.isPythonLower ? scalar.properties.uppercaseMapping : String(scalar)
    }
  }

  /// The first code point in title case, the rest in lower case.
  func capitalized() -> TemplateText {
    mapped { index, scalar, scalars in
      index == 0 ? scalar.properties.titlecaseMapping : Self.lower(scalar, at: index, in: scalars)
    }
  }

  /// `str.title`: title case after anything uncased.
  func titlecased() -> TemplateText {
    mapped { index, scalar, scalars in
      index > 0 && scalars[index - 1].isPythonCased
        ? Self.lower(scalar, at: index, in: scalars) : scalar.properties.titlecaseMapping
    }
  }

  /// Lower case; a sigma that ends a word becomes 'ς' (Unicode 3.13, Final_Sigma).
  private static func lower(_ scalar: Unicode.Scalar, at index: Int, in scalars: [Unicode.Scalar]) -> String {
    guard scalar == "Σ" else { return scalar.properties.lowercaseMapping }
    // A word of case-ignorable characters only would make this quadratic, so the look around is short.
    let reach = 64
    let before = scalars[max(0, index - reach)..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)..<min(scalars.count, index + 1 + reach)].first { !$0.properties.isCaseIgnorable }
    let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
    return isFinal ? "ς" : "σ"
  }

  /// Whether there is a cased code point and all cased ones satisfy `test`: `isupper` and `islower`.
  func allCased(_ test: (Unicode.Scalar) -> Bool) -> Bool {
    var hasCased = false
    for scalar in scalars where scalar.isPythonCased {
      if !test(scalar) { return false }
      hasCased = true
    }
    return hasCased
  }

  /// Whether the text has a code point and all satisfy `test`: `isdigit`, `isspace` and their like.
  func all(_ test: (Unicode.Scalar) -> Bool) -> Bool { !isEmpty && scalars.allSatisfy(test) }
}
