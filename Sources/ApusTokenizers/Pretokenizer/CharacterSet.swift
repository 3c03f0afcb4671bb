/// The sets of characters that the rules of the pre-tokenizers name.
enum CharacterSet {
  /// The characters of some classes: `[\p{L}\p{M}]`.
  case classes(CharacterClasses)
  /// All others: `[^\s\p{L}\p{N}]`.
  case noneOf(CharacterClasses)
  /// All others but line breaks: `[^\r\n\p{L}\p{N}]`.
  case inLineNoneOf(CharacterClasses)
  /// ` `
  case blank
  /// `[\r\n]`
  case newline
  /// `[\r\n/]`
  case newlineOrSlash
  /// `\n`
  case lineFeed
  /// `[^\n]`
  case notLineFeed
  /// `[A-I]` and the like.
  case range(ClosedRange<UInt32>)
  /// `\w`: what is alphabetic, marks, decimal digits, connecting punctuation such as `_`, and joiners.
  case word
  /// `[^\w\s]`
  case betweenWords
  /// `\d`
  case decimalDigit
  /// `[0-9]`
  case asciiDigit
  /// `[A-Za-z]`
  case asciiLetter
  /// The visible ASCII characters that are neither letters nor digits.
  case asciiPunctuation
  /// `[\p{P}$+<=>^~|]`, as where a file names no pre-tokenizer.
  case plainPunctuation
  /// `[\p{P}$+<=>^~|`]`, Falcon's.
  case falconPunctuation
  /// BLOOM's `[^(\s|.,!?…。，、।۔،)]`
  case bloomWord
  /// Upper-case and title-case letters, letters without case and marks: `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
  case upperCase
  /// Lower-case letters, letters without case and marks: `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
  case lowerCase
  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]`
  case upperCaseNotHan
  /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]`
  case lowerCaseNotHan
  /// `\p{Han}`
  case han
  /// DeepSeek's list of letters of alphabets with two cases.
  case casedLetter
  /// DeepSeek's list of ASCII, full-width, quotation and ideographic punctuation.
  case deepSeekPunctuation
  /// DeepSeek's `[一-龥ࠀ-一가-퟿]`
  case cjk
  /// `[一-龥぀-ゟ゠-ヿ]`
  case ideographOrKana
  /// `[가-힣ㄱ-ㆎ]`
  case hangul
  /// `[！…“”‘’—：；，、-〿︰-﹏]`
  case widePunctuation
  /// `[ㄅ-ㄯ]`
  case bopomofo
  /// AFMoE's list of Chinese and Japanese characters and of alphabets that are written without spaces.
  case unspaced

  /// Whether the Unicode scalar value `value` is in the set.
  @inline(__always)
  func contains(_ value: UInt32) -> Bool {
    switch self {
    case .classes(let classes): classes.contains(value)
    case .noneOf(let classes): !classes.contains(value)
    case .inLineNoneOf(let classes): value != 0x0A && value != 0x0D && !classes.contains(value)
    case .newline: value == 0x0A || value == 0x0D
    case .blank: value == 0x20
    default: isListed(value)
    }
  }

  private func isListed(_ value: UInt32) -> Bool {
    switch self {
    case .lineFeed: value == 0x0A
    case .notLineFeed: value != 0x0A
    case .newlineOrSlash: value == 0x0A || value == 0x0D || value == 0x2F
    case .range(let range): range.contains(value)
    case .word: Self.isWord(value)
    case .betweenWords: !Self.isWord(value) && CharacterClass(value) != .space
    case .decimalDigit:
      CharacterClass(value) == .number && Unicode.Scalar(value)?.properties.generalCategory == .decimalNumber
    case .asciiDigit: (0x30...0x39).contains(value)
    case .asciiLetter: value < 0x80 && CharacterClass(value) == .letter
    case .asciiPunctuation: value < 0x80 && CharacterClasses([.punctuation, .symbol]).contains(value)
    case .plainPunctuation: Self.isFalconPunctuation(value) && value != 0x60
    case .falconPunctuation: Self.isFalconPunctuation(value)
    case .bloomWord: Self.isBloomWord(value)
    case .upperCase: Self.isUpperCase(value)
    case .lowerCase: Self.isLowerCase(value)
    case .upperCaseNotHan: Self.isUpperCase(value) && !Self.isAny(of: Self.hanRanges, value)
    case .lowerCaseNotHan: Self.isLowerCase(value) && !Self.isAny(of: Self.hanRanges, value)
    case .han: Self.isAny(of: Self.hanRanges, value)
    case .casedLetter: Self.isCasedLetter(value)
    case .deepSeekPunctuation: Self.isDeepSeekPunctuation(value)
    case .cjk: (0x0800...0x9FA5).contains(value) || (0xAC00...0xD7FF).contains(value)
    case .ideographOrKana: (0x4E00...0x9FA5).contains(value) || (0x3040...0x30FF).contains(value)
    case .hangul: (0xAC00...0xD7A3).contains(value) || (0x3131...0x318E).contains(value)
    case .widePunctuation: Self.isWidePunctuation(value)
    case .bopomofo: (0x3105...0x312F).contains(value)
    case .unspaced: Self.isAny(of: Self.unspacedRanges, value)
    case .classes, .noneOf, .inLineNoneOf, .newline, .blank: contains(value)
    }
  }

  private static func isFalconPunctuation(_ value: UInt32) -> Bool {
    let wanted: CharacterClasses = value < 0x80 ? [.punctuation, .symbol] : .punctuation
    return wanted.contains(value)
  }

  private static func isWord(_ value: UInt32) -> Bool {
    if value < 0x80 { return CharacterClasses([.letter, .number]).contains(value) || value == 0x5F }
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
    default: return properties.isAlphabetic || properties.isJoinControl
    }
  }

  private static func isBloomWord(_ value: UInt32) -> Bool {
    switch value {
    case 0x21, 0x28, 0x29, 0x2C, 0x2E, 0x3F, 0x7C, 0x060C, 0x06D4, 0x0964, 0x2026, 0x3001, 0x3002, 0xFF0C: false
    default: CharacterClass(value) != .space
    }
  }

  private static func isUpperCase(_ value: UInt32) -> Bool {
    if value < 0x80 { return (0x41...0x5A).contains(value) }
    switch Unicode.Scalar(value)?.properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
      .enclosingMark:
      return true
    default: return false
    }
  }

  private static func isLowerCase(_ value: UInt32) -> Bool {
    if value < 0x80 { return (0x61...0x7A).contains(value) }
    switch Unicode.Scalar(value)?.properties.generalCategory {
    case .lowercaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return false
    }
  }

  private static func isWidePunctuation(_ value: UInt32) -> Bool {
    switch value {
    case 0xFF01, 0x2026, 0x201C, 0x201D, 0x2018, 0x2019, 0x2014, 0xFF1A, 0xFF1B, 0xFF0C: true
    case 0x3001...0x303F, 0xFE30...0xFE4F: true
    default: false
    }
  }

  private static func isDeepSeekPunctuation(_ value: UInt32) -> Bool {
    switch value {
    case 0x21...0x2F, 0x3A...0x7E: true
    case 0xFF01...0xFF0F, 0xFF1A...0xFF5E: true
    case 0x2018...0x201F, 0x3000...0x3002: true
    default: false
    }
  }

  private static func isCasedLetter(_ value: UInt32) -> Bool {
    value < 0x80 ? CharacterClass(value) == .letter : isAny(of: casedLetters, value)
  }

  /// Whether `value` is in one of `ranges`, which rise.
  private static func isAny(of ranges: [ClosedRange<UInt32>], _ value: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= value
  }

  /// The ranges above ASCII of the class of letters in the `tokenizer.json` of DeepSeek LLM, in rising order.
  private static let casedLetters: [ClosedRange<UInt32>] = [
    0x00B5...0x00B5, 0x00C0...0x00D6, 0x00D8...0x00F6, 0x00F8...0x01BA, 0x01BC...0x01BF, 0x01C4...0x0293,
    0x0295...0x02AF, 0x0370...0x0373, 0x0376...0x0376, 0x0377...0x0377, 0x037B...0x037D, 0x037F...0x037F,
    0x0386...0x0386, 0x0388...0x038A, 0x038C...0x038C, 0x038E...0x03A1, 0x03A3...0x03F5, 0x03F7...0x0481,
    0x048A...0x052F, 0x0531...0x0556, 0x10A0...0x10C5, 0x13A0...0x13F5, 0x13F8...0x13FD, 0x1C90...0x1CBA,
    0x1CBD...0x1CBF, 0x1D00...0x1D2B, 0x1D6B...0x1D77, 0x1D79...0x1D9A, 0x1E00...0x1F15, 0x1F18...0x1F1D,
    0x1F20...0x1F45, 0x1F48...0x1F4D, 0x1F50...0x1F57, 0x1F59...0x1F59, 0x1F5B...0x1F5B, 0x1F5D...0x1F5D,
    0x1F5F...0x1F7D, 0x1F80...0x1FB4, 0x1FB6...0x1FBC, 0x1FBE...0x1FBE, 0x1FC2...0x1FC4, 0x1FC6...0x1FCC,
    0x1FD0...0x1FD3, 0x1FD6...0x1FDB, 0x1FE0...0x1FEC, 0x1FF2...0x1FF4, 0x1FF6...0x1FFC, 0x2102...0x2102,
    0x2107...0x2107, 0x210A...0x2113, 0x2115...0x2115, 0x2119...0x211D, 0x2124...0x2124, 0x2126...0x2126,
    0x2128...0x2128, 0x212A...0x212D, 0x212F...0x2134, 0x2139...0x2139, 0x213C...0x213F, 0x2145...0x2149,
    0x214E...0x214E, 0x2183...0x2183, 0x2184...0x2184, 0x2C00...0x2C7B, 0x2C7E...0x2CE4, 0x2CEB...0x2CEE,
    0x2CF2...0x2CF2, 0x2CF3...0x2CF3, 0xA640...0xA66D, 0xA680...0xA69B, 0xA722...0xA76F, 0xA771...0xA787,
    0xA78B...0xA78E, 0xAB70...0xABBF, 0xFB00...0xFB06, 0xFB13...0xFB17, 0xFF21...0xFF3A, 0xFF41...0xFF5A,
    0x10400...0x1044F, 0x104B0...0x104D3, 0x104D8...0x104FB, 0x10C80...0x10CB2, 0x10CC0...0x10CF2, 0x118A0...0x118DF,
    0x1E900...0x1E943,
  ]

  /// The script Han (Scripts.txt of Unicode).
  private static let hanRanges: [ClosedRange<UInt32>] = [
    0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029,
    0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3,
    0x16FF0...0x16FF6, 0x20000...0x2A6DF, 0x2A700...0x2B81E, 0x2B820...0x2CEAD, 0x2CEB0...0x2EBE0, 0x2EBF0...0x2EE5D,
    0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x33479,
  ]

  /// The ranges of that list, in rising order.
  private static let unspacedRanges: [ClosedRange<UInt32>] = [
    0x0E40...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x2F00...0x2FDF, 0x3040...0x30FF,
    0x3400...0x4DBF, 0x4E00...0xD7FF, 0xE000...0xFAFF, 0xFF65...0xFF9F,
  ]
}
