/// A regular language that knows how large its tree is and whether the empty string is in it.
///
/// Its operations leave out what changes nothing, and refuse to build a tree beyond the limits. Parts that a tree has
/// twice count twice, as whoever walks it meets them twice.
struct SizedLanguage: Sendable {
  let language: RegularLanguage
  let hasEmpty: Bool
  let size: Int
  let depth: Int

  /// The largest tree.
  static let sizeLimit = 50_000

  private init(_ language: RegularLanguage, hasEmpty: Bool, of parts: [SizedLanguage] = []) throws(GrammarError) {
    self.language = language
    self.hasEmpty = hasEmpty
    size = parts.reduce(1) { $0 + $1.size }
    depth = 1 + (parts.map(\.depth).max() ?? 0)
    guard size <= Self.sizeLimit else {
      throw .tooLarge(what: "parts of a regular expression", limit: Self.sizeLimit)
    }
    guard depth <= RegularLanguage.depthLimit else {
      throw .tooLarge(what: "parts in parts of a regular expression", limit: RegularLanguage.depthLimit)
    }
  }

  /// A language as somebody else has built it.
  init(_ language: RegularLanguage) throws(GrammarError) {
    switch language {
    case .byte: try self.init(language, hasEmpty: false)
    case .string(let bytes): try self.init(bytes, language)
    case .concatenation(let parts):
      let parts = try parts.map { (part) throws(GrammarError) in try SizedLanguage(part) }
      try self.init(language, hasEmpty: parts.allSatisfy(\.hasEmpty), of: parts)
    case .union(let parts):
      let parts = try parts.map { (part) throws(GrammarError) in try SizedLanguage(part) }
      try self.init(language, hasEmpty: parts.contains(where: \.hasEmpty), of: parts)
    case .intersection(let parts):
      let parts = try parts.map { (part) throws(GrammarError) in try SizedLanguage(part) }
      try self.init(language, hasEmpty: parts.allSatisfy(\.hasEmpty), of: parts)
    case .complement(let part):
      let part = try SizedLanguage(part)
      try self.init(language, hasEmpty: !part.hasEmpty, of: [part])
    case .repetition(let part, let atLeast, _):
      let part = try SizedLanguage(part)
      try self.init(language, hasEmpty: atLeast == 0 || part.hasEmpty, of: [part])
    }
  }

  private init(_ bytes: [UInt8], _ language: RegularLanguage) throws(GrammarError) {
    guard bytes.count < Self.sizeLimit else {
      throw .tooLarge(what: "parts of a regular expression", limit: Self.sizeLimit)
    }
    (self.language, hasEmpty, size, depth) = (language, bytes.isEmpty, bytes.count + 1, 2)
  }

  private init(unchecked language: RegularLanguage, hasEmpty: Bool) {
    self.language = language
    self.hasEmpty = hasEmpty
    size = 1
    depth = 1
  }

  /// Only the empty string.
  static var empty: SizedLanguage { SizedLanguage(unchecked: .empty, hasEmpty: true) }
  /// No string.
  static var nothing: SizedLanguage { SizedLanguage(unchecked: .nothing, hasEmpty: false) }
  /// All strings.
  static var anything: SizedLanguage { SizedLanguage(unchecked: .intersection([]), hasEmpty: true) }

  var isNothing: Bool { if case .union(let parts) = language { parts.isEmpty } else { false } }
  private var isAnything: Bool { if case .intersection(let parts) = language { parts.isEmpty } else { false } }
  /// Whether it is the empty string and no other; false also where that cannot be seen at once.
  var isEmptyString: Bool { if case .concatenation(let parts) = language { parts.isEmpty } else { false } }

  static func concatenation(_ parts: [SizedLanguage]) throws(GrammarError) -> SizedLanguage {
    if parts.contains(where: \.isNothing) { return nothing }
    let parts = parts.filter { !$0.isEmptyString }
    if parts.count == 1 { return parts[0] }
    return try SizedLanguage(
      .concatenation(parts.map(\.language)), hasEmpty: parts.allSatisfy(\.hasEmpty), of: parts)
  }

  static func union(_ parts: [SizedLanguage]) throws(GrammarError) -> SizedLanguage {
    var parts = parts.filter { !$0.isNothing }
    if let first = parts.firstIndex(where: \.isEmptyString) {
      parts = parts.indices.filter { $0 == first || !parts[$0].isEmptyString }.map { parts[$0] }
    }
    if parts.count == 1 { return parts[0] }
    return try SizedLanguage(
      .union(parts.map(\.language)), hasEmpty: parts.contains(where: \.hasEmpty), of: parts)
  }

  func intersection(_ other: SizedLanguage) throws(GrammarError) -> SizedLanguage {
    if isNothing || other.isAnything { return self }
    if other.isNothing || isAnything { return other }
    return try SizedLanguage(
      .intersection([language, other.language]), hasEmpty: hasEmpty && other.hasEmpty, of: [self, other])
  }

  var complement: SizedLanguage {
    get throws(GrammarError) {
      if isNothing { return .anything }
      if isAnything { return .nothing }
      return try SizedLanguage(.complement(language), hasEmpty: !hasEmpty, of: [self])
    }
  }

  func repeated(atLeast: Int, atMost: Int?) throws(GrammarError) -> SizedLanguage {
    if atMost == 0 || isEmptyString { return .empty }
    if isNothing { return atLeast == 0 ? .empty : .nothing }
    if atLeast == 1, atMost == 1 { return self }
    return try SizedLanguage(
      .repetition(language, atLeast: atLeast, atMost: atMost), hasEmpty: atLeast == 0 || hasEmpty, of: [self])
  }

  /// Its strings but for the empty one.
  var withoutEmpty: SizedLanguage {
    get throws(GrammarError) { hasEmpty ? try intersection(Self.empty.complement) : self }
  }
}
