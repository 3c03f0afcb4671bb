/// What the pre-tokenizers ask about a character: `\p{L}`, `\p{M}`, `\p{N}`, `\p{P}`, `\p{S}`, `\s`, or none of these.
enum CharacterClass: UInt8 {
  case letter
  case mark
  case number
  case punctuation
  case symbol
  case space
  case other

  /// The class of the Unicode scalar value `value`.
  @inline(__always)
  init(_ value: UInt32) {
    self = value < 0x80 ? Self.ascii(value) : Self.unicode(value)
  }

  @inline(__always)
  private static func ascii(_ value: UInt32) -> CharacterClass {
    switch value {
    case 0x41...0x5A, 0x61...0x7A: .letter
    case 0x30...0x39: .number
    case 0x09...0x0D, 0x20: .space
    case 0x24, 0x2B, 0x3C...0x3E, 0x5E, 0x60, 0x7C, 0x7E: .symbol
    case 0x00...0x1F, 0x7F: .other
    default: .punctuation
    }
  }

  private static func unicode(_ value: UInt32) -> CharacterClass {
    switch value {
    case 0x4E00...0x9FFF, 0xAC00...0xD7A3: return .letter
    // The property White_Space (PropList.txt of Unicode).
    case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: return .space
    default: break
    }
    switch Unicode.Scalar(value)?.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .nonspacingMark, .spacingMark, .enclosingMark: return .mark
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return .punctuation
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: return .symbol
    default: return .other
    }
  }
}

/// Some of the classes.
struct CharacterClasses: OptionSet {
  let rawValue: UInt8

  static let letter = CharacterClasses(.letter)
  static let mark = CharacterClasses(.mark)
  static let number = CharacterClasses(.number)
  static let punctuation = CharacterClasses(.punctuation)
  static let symbol = CharacterClasses(.symbol)
  static let space = CharacterClasses(.space)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ characterClass: CharacterClass) { rawValue = 1 << characterClass.rawValue }

  /// Whether the class of the Unicode scalar value `value` is one of these.
  @inline(__always)
  func contains(_ value: UInt32) -> Bool { rawValue & 1 << CharacterClass(value).rawValue != 0 }
}
