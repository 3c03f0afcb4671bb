internal import Synchronization

/// What `\p{…}` can name: general categories and some yes-or-no properties, as Swift's own Unicode tables have them.
extension ScalarSet {
  /// The characters with a property, or nil where it is not known.
  ///
  /// Scripts are not: Swift has no tables of them.
  static func property(_ name: String) -> ScalarSet? {
    var name = name
    for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) {
      name = String(name.dropFirst(prefix.count))
    }
    if name == "Any" { return .all }
    if name == "ASCII" { return ScalarSet([0...0x7F]) }
    if let categories = categoryNames[name] {
      return categories.reduce(.none) { $0.union(CategoryTable.shared.sets[$1] ?? .none) }
    }
    return PropertyTable.shared.set(of: name)
  }

  /// General categories, and those that are several.
  private static let categoryNames: [String: [Unicode.GeneralCategory]] = {
    let single: [(short: String, long: String, category: Unicode.GeneralCategory)] = [
      ("Lu", "Uppercase_Letter", .uppercaseLetter), ("Ll", "Lowercase_Letter", .lowercaseLetter),
      ("Lt", "Titlecase_Letter", .titlecaseLetter), ("Lm", "Modifier_Letter", .modifierLetter),
      ("Lo", "Other_Letter", .otherLetter), ("Mn", "Nonspacing_Mark", .nonspacingMark),
      ("Mc", "Spacing_Mark", .spacingMark), ("Me", "Enclosing_Mark", .enclosingMark),
      ("Nd", "Decimal_Number", .decimalNumber), ("Nl", "Letter_Number", .letterNumber),
      ("No", "Other_Number", .otherNumber), ("Pc", "Connector_Punctuation", .connectorPunctuation),
      ("Pd", "Dash_Punctuation", .dashPunctuation), ("Ps", "Open_Punctuation", .openPunctuation),
      ("Pe", "Close_Punctuation", .closePunctuation), ("Pi", "Initial_Punctuation", .initialPunctuation),
      ("Pf", "Final_Punctuation", .finalPunctuation), ("Po", "Other_Punctuation", .otherPunctuation),
      ("Sm", "Math_Symbol", .mathSymbol), ("Sc", "Currency_Symbol", .currencySymbol),
      ("Sk", "Modifier_Symbol", .modifierSymbol), ("So", "Other_Symbol", .otherSymbol),
      ("Zs", "Space_Separator", .spaceSeparator), ("Zl", "Line_Separator", .lineSeparator),
      ("Zp", "Paragraph_Separator", .paragraphSeparator), ("Cc", "Control", .control), ("Cf", "Format", .format),
      ("Co", "Private_Use", .privateUse), ("Cn", "Unassigned", .unassigned),
    ]
    let several: [(short: String, long: String, first: Character)] = [
      ("L", "Letter", "L"), ("M", "Mark", "M"), ("N", "Number", "N"), ("P", "Punctuation", "P"), ("S", "Symbol", "S"),
      ("Z", "Separator", "Z"), ("C", "Other", "C"),
    ]
    var names: [String: [Unicode.GeneralCategory]] = ["LC": [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]]
    names["Cased_Letter"] = names["LC"]
    for (short, long, category) in single {
      names[short] = [category]
      names[long] = [category]
    }
    for (short, long, first) in several {
      names[short] = single.filter { $0.short.first == first }.map(\.category)
      names[long] = names[short]
    }
    for (alias, name) in [("punct", "P"), ("digit", "Nd"), ("cntrl", "Cc")] { names[alias] = names[name] }
    return names
  }()
}

/// The characters of each general category: made once, in one pass.
private struct CategoryTable: Sendable {
  static let shared = CategoryTable()

  private(set) var sets: [Unicode.GeneralCategory: ScalarSet] = [:]
  /// Planes 4 to 13 have no characters, 15 and 16 are for private use.
  private static let planes = [UInt32(0)...0x3FFFF, 0xE0000...0xE0FFF]

  private init() {
    var ranges: [Unicode.GeneralCategory: [ClosedRange<UInt32>]] = [:]
    for plane in Self.planes {
      // Neighbours of one category, which mostly are many.
      var run: (category: Unicode.GeneralCategory, range: ClosedRange<UInt32>)?
      for value in plane {
        guard let category = Unicode.Scalar(value)?.properties.generalCategory else { continue }
        if let last = run, last.category == category, last.range.upperBound + 1 == value {
          run = (category, last.range.lowerBound...value)
        } else {
          if let last = run { ranges[last.category, default: []].append(last.range) }
          run = (category, value...value)
        }
      }
      if let last = run { ranges[last.category, default: []].append(last.range) }
    }
    sets = ranges.mapValues(ScalarSet.init)
    for plane in [UInt32(0xF0000), 0x100000] {
      sets[.privateUse] = sets[.privateUse]?.union(ScalarSet([plane...plane + 0xFFFD]))
    }
    sets[.unassigned] = assigned.inverted
  }

  /// All characters that have a category.
  var assigned: ScalarSet { sets.reduce(ScalarSet.none) { $1.key == .unassigned ? $0 : $0.union($1.value) } }
}

/// The characters with a property: each set is made when it is first asked for, as most never are.
private final class PropertyTable: Sendable {
  static let shared = PropertyTable()

  private let known = Mutex<[Int: ScalarSet]>([:])

  private static let properties: [(names: [String], has: @Sendable (Unicode.Scalar.Properties) -> Bool)] = [
    (["Alphabetic", "Alpha"], { $0.isAlphabetic }), (["Uppercase", "Upper"], { $0.isUppercase }),
    (["Lowercase", "Lower"], { $0.isLowercase }), (["White_Space", "space"], { $0.isWhitespace }),
    (["ID_Start", "IDS"], { $0.isIDStart }), (["ID_Continue", "IDC"], { $0.isIDContinue }),
    (["XID_Start", "XIDS"], { $0.isXIDStart }), (["XID_Continue", "XIDC"], { $0.isXIDContinue }),
    (["Emoji"], { $0.isEmoji }), (["Emoji_Presentation", "EPres"], { $0.isEmojiPresentation }),
    (["Hex_Digit", "Hex"], { $0.isHexDigit }), (["ASCII_Hex_Digit", "AHex"], { $0.isASCIIHexDigit }),
    (["Ideographic", "Ideo"], { $0.isIdeographic }), (["Dash"], { $0.isDash }), (["Math"], { $0.isMath }),
  ]

  /// nil where the property is not known.
  func set(of name: String) -> ScalarSet? {
    guard let index = Self.properties.firstIndex(where: { $0.names.contains(name) }) else { return nil }
    return known.withLock { known in
      if let set = known[index] { return set }
      let set = Self.make(Self.properties[index].has)
      known[index] = set
      return set
    }
  }

  /// In one pass over all characters that are assigned, but those for private use, which have no property.
  private static func make(_ has: (Unicode.Scalar.Properties) -> Bool) -> ScalarSet {
    var found: [ClosedRange<UInt32>] = []
    for range in CategoryTable.shared.assigned.ranges where range.lowerBound < 0xF0000 {
      for value in range {
        guard let scalar = Unicode.Scalar(value), has(scalar.properties) else { continue }
        if let last = found.last, last.upperBound + 1 == value {
          found[found.count - 1] = last.lowerBound...value
        } else {
          found.append(value...value)
        }
      }
    }
    return ScalarSet(found)
  }
}
