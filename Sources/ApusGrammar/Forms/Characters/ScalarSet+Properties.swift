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
      return categories.reduce(.none) { $0.union(tables.categories[$1] ?? .none) }
    }
    return tables.properties[name]
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

  /// Made once, in one pass over all assigned characters.
  private static let tables = PropertyTables()
}

private struct PropertyTables: Sendable {
  private(set) var categories: [Unicode.GeneralCategory: ScalarSet] = [:]
  private(set) var properties: [String: ScalarSet] = [:]

  private static let names: [(names: [String], has: @Sendable (Unicode.Scalar.Properties) -> Bool)] = [
    (["Alphabetic", "Alpha"], { $0.isAlphabetic }), (["Uppercase", "Upper"], { $0.isUppercase }),
    (["Lowercase", "Lower"], { $0.isLowercase }), (["White_Space", "space"], { $0.isWhitespace }),
    (["ID_Start", "IDS"], { $0.isIDStart }), (["ID_Continue", "IDC"], { $0.isIDContinue }),
    (["XID_Start", "XIDS"], { $0.isXIDStart }), (["XID_Continue", "XIDC"], { $0.isXIDContinue }),
    (["Emoji"], { $0.isEmoji }), (["Emoji_Presentation", "EPres"], { $0.isEmojiPresentation }),
    (["Hex_Digit", "Hex"], { $0.isHexDigit }), (["ASCII_Hex_Digit", "AHex"], { $0.isASCIIHexDigit }),
    (["Ideographic", "Ideo"], { $0.isIdeographic }), (["Dash"], { $0.isDash }), (["Math"], { $0.isMath }),
  ]

  init() {
    var ranges: [Unicode.GeneralCategory: [ClosedRange<UInt32>]] = [:]
    var found = Self.names.map { _ in [ClosedRange<UInt32>]() }
    // Planes 4 to 13 have no characters, 15 and 16 are for private use.
    for value in [UInt32(0)...0x3FFFF, 0xE0000...0xE0FFF].joined() {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let properties = scalar.properties
      Self.append(value, to: &ranges[properties.generalCategory, default: []])
      guard properties.generalCategory != .unassigned else { continue }
      for index in found.indices where Self.names[index].has(properties) { Self.append(value, to: &found[index]) }
    }
    categories = ranges.mapValues(ScalarSet.init)
    for plane in [UInt32(0xF0000), 0x100000] {
      categories[.privateUse] = categories[.privateUse]?.union(ScalarSet([plane...plane + 0xFFFD]))
    }
    let assigned = categories.reduce(ScalarSet.none) { $1.key == .unassigned ? $0 : $0.union($1.value) }
    categories[.unassigned] = assigned.inverted
    for (set, names) in zip(found, Self.names.map(\.names)) {
      for name in names { properties[name] = ScalarSet(set) }
    }
  }

  private static func append(_ value: UInt32, to ranges: inout [ClosedRange<UInt32>]) {
    if let last = ranges.last, last.upperBound + 1 == value {
      ranges[ranges.count - 1] = last.lowerBound...value
    } else {
      ranges.append(value...value)
    }
  }
}
