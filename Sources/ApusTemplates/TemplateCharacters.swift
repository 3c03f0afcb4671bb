/// What Python's `str` methods ask of a code point; Unicode's data is the standard library's.
extension Unicode.Scalar {
  /// `str.isspace`, which is also what `strip` and `split` remove.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// Whether `str.splitlines` ends a line here.
  var isPythonLineBreak: Bool {
    switch value {
    case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  /// `str.isprintable`: what `repr` writes as it is.
  var isPythonPrintable: Bool {
    if value < 0x7F { return value >= 0x20 }
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  /// `str.isalpha`.
  var isPythonAlpha: Bool {
    if isASCII { return isPythonUpper || isPythonLower }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
    default: return false
    }
  }

  /// `str.isdecimal`.
  var isPythonDecimal: Bool {
    isASCII ? (0x30...0x39).contains(value) : properties.numericType == .decimal
  }
  /// `str.isdigit`.
  var isPythonDigit: Bool { isPythonDecimal || !isASCII && properties.numericType == .digit }
  /// `str.isnumeric`.
  var isPythonNumeric: Bool { isASCII ? isPythonDecimal : properties.numericType != nil }
  /// `str.isalnum`.
  var isPythonAlphanumeric: Bool { isPythonAlpha || isPythonNumeric }
  /// What `\w` matches in Python's regular expressions.
  var isPythonWord: Bool { self == "_" || isPythonAlphanumeric }

  // The tables are many times slower than a comparison, and most text is ASCII.
  var isPythonUpper: Bool { isASCII ? (0x41...0x5A).contains(value) : properties.isUppercase }
  var isPythonLower: Bool { isASCII ? (0x61...0x7A).contains(value) : properties.isLowercase }
  var isPythonTitle: Bool { !isASCII && properties.generalCategory == .titlecaseLetter }
  /// Upper, lower or title case.
  var isPythonCased: Bool { isPythonUpper || isPythonLower || isPythonTitle }
}
