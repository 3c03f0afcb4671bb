internal import ApusGrammar
internal import ApusJSON

/// Patterns and sets of texts as languages of bytes; each is made once.
final class TextLanguages {
  private var patterns: [TextPattern: RegularExpression] = [:]
  private var languages: [Key: RegularLanguage] = [:]
  private var characters: [Spelling: [ScalarSet: RegularLanguage]] = [:]
  private var matchers: [TextPattern: LanguageMatcher] = [:]

  private struct Key: Hashable {
    let pattern: TextPattern
    let spelling: Spelling
  }

  /// Reads a pattern of a schema, so that it can be used from now on: of keys or of values.
  func add(_ pattern: TextPattern, ofKeys: Bool = false) throws(GrammarError) {
    guard patterns[pattern] == nil else { return }
    partCount += Self.partsOfPattern
    patterns[pattern] = try RegularExpression(pattern.text)
    // What is refused is refused here. Formats are known to be kept, and are made when they are needed.
    if !pattern.isWhole { _ = try language(pattern, ofKeys ? .plain : .usual) }
  }

  /// Parts of the languages of all patterns, each of about a fifth of a microsecond, and what reading a pattern counts.
  private var partCount = 0
  private static let partsOfPattern = 60
  private static let workOfPart = 2
  private let partLimit: Int

  /// Steps of about six microseconds that comparing texts with patterns took; with long patterns one takes longer.
  private var steps = 0
  private static let workOfStep = 60
  private let stepLimit: Int
  /// Whether more were taken than may be: whoever compares many texts gives up then.
  var isExhausted: Bool { steps > stepLimit }

  /// What was computed so far, in steps as those of `SchemaStore`.
  var work: Int { partCount * Self.workOfPart + steps * Self.workOfStep }

  /// Each kind of work may take so many steps.
  init(workLimit: Int) {
    (partLimit, stepLimit) = (workLimit / Self.workOfPart, workLimit / Self.workOfStep)
  }

  /// Whether a pattern that was added matches a text.
  func matches(_ text: [UInt8], _ pattern: TextPattern) -> Bool {
    steps += 1 + text.count / 16
    if let known = matchers[pattern] { return known.matches(text) }
    let language = try? patterns[pattern]?.language(pattern.isWhole ? .whole : .search)
    let matcher = LanguageMatcher(language ?? .nothing)
    matchers[pattern] = matcher
    return matcher.matches(text)
  }

  private func language(_ pattern: TextPattern, _ spelling: Spelling) throws(GrammarError) -> RegularLanguage {
    let key = Key(pattern: pattern, spelling: spelling)
    if let known = languages[key] { return known }
    guard let expression = patterns[pattern] else { return .nothing }
    let language = try expression.language(pattern.isWhole ? .whole : .search) { self.character($0, spelling) }
    partCount += language.partCount
    guard partCount <= partLimit else {
      throw .tooLarge(what: "parts of all regular expressions together", limit: partLimit)
    }
    languages[key] = language
    return language
  }

  private func character(_ set: ScalarSet, _ spelling: Spelling) -> RegularLanguage {
    if let known = characters[spelling]?[set] { return known }
    let language = set.json(spelling)
    characters[spelling, default: [:]][set] = language
    return language
  }

  /// Where a text stands, which says how it is written.
  enum Use {
    /// Between the quotes of a JSON string: as a value, and as a property's key or another text that has one way only.
    case value, key, plain
    /// As it is.
    case raw
    /// As a key without quotes.
    case bareKey
  }

  /// How the texts of `set` are written; in a JSON string without its quotes.
  func language(_ set: StringSet, as use: Use) throws(GrammarError) -> RegularLanguage {
    var ways: [RegularLanguage] = []
    for term in set.terms { ways.append(try language(term, use)) }
    if use == .bareKey { return .intersection([ways.count == 1 ? ways[0] : .union(ways), Spelling.bareKey]) }
    return ways.count == 1 ? ways[0] : .union(ways)
  }

  private func language(_ term: StringSet.Term, _ use: Use) throws(GrammarError) -> RegularLanguage {
    let isRaw = use == .raw || use == .bareKey
    if case .only(let texts) = term.values { return ByteTrie.language(of: isRaw ? texts : texts.map(Self.plain)) }
    // Keys are written in one way, so that no other way is mistaken for another key.
    let only: Spelling? = use == .value ? nil : isRaw ? .raw : .plain
    let positive = only ?? (term.isAnyOfSomeLength ? .every : .usual)
    let negative = only ?? .every
    var all: [RegularLanguage] = []
    for use in term.patterns where use.matches { all.append(try language(use.pattern, positive)) }
    if all.isEmpty || term.minimumLength > 0 || term.maximumLength != nil {
      all.append(
        .repetition(character(.all, positive), atLeast: term.minimumLength, atMost: term.maximumLength))
    }
    for use in term.patterns where !use.matches { all.append(.complement(try language(use.pattern, negative))) }
    if case .except(let texts) = term.values, !texts.isEmpty { all.append(.complement(every(texts, negative))) }
    return all.count == 1 ? all[0] : .intersection(all)
  }

  private func every(_ texts: [[UInt8]], _ spelling: Spelling) -> RegularLanguage {
    if spelling == .plain { return ByteTrie.language(of: texts.map(Self.plain)) }
    if spelling == .raw { return ByteTrie.language(of: texts) }
    return .union(
      texts.map { text in
        .concatenation(
          String(decoding: text, as: UTF8.self).unicodeScalars.map { character(ScalarSet($0), spelling) })
      })
  }

  /// A text as it is written plainly between quotes.
  static func plain(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else { return text }
    var writer = JSONWriter(style: .compact)
    writer.content(text[...])
    return writer.bytes
  }
}

extension RegularLanguage {
  /// How many parts it is written with; recursion goes as deep as it is nested.
  fileprivate var partCount: Int {
    switch self {
    case .byte: 1
    case .string(let bytes): 1 + bytes.count
    case .concatenation(let parts), .union(let parts), .intersection(let parts):
      parts.reduce(1) { $0 + $1.partCount }
    case .complement(let part), .repetition(let part, _, _): 1 + part.partCount
    }
  }
}
