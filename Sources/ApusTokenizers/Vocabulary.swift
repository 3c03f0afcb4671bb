package import ApusCore

/// The tokens of a model: texts, kinds, scores, and which of them are special.
///
/// Checked when made, constant afterwards.
package struct Vocabulary: Sendable {
  /// The family of tokenizers, as in the model file.
  package let family: String
  /// The name of the pre-tokenizer, where the model file has one.
  package let pretokenizer: String?
  /// The tokens' texts, in the alphabet of the family.
  package let texts: ByteStrings
  /// One score a token; empty where the model file has none.
  package let scores: [Float]
  /// The merges of byte-pair encoding, each two token texts with a space between.
  private(set) var merges: ByteStrings
  /// Whether a text starts with BOS.
  package let addsBOS: Bool
  /// Whether a text ends with EOS.
  package let addsEOS: Bool
  /// Whether SEP stands before the second of two texts, after the EOS of the first.
  let addsSeparator: Bool
  /// Whether a text is encoded as if a space stood before it.
  package let addsSpacePrefix: Bool
  /// How a text is rewritten first.
  let normalization: TextNormalization
  /// Whether special tokens swallow the white space after them (Phi-3).
  package let specialTokensSwallowSpace: Bool
  /// The tokens that end a generation: EOS, EOT, EOM, and all whose text says so.
  package let endOfGeneration: Set<Token>
  /// What the model file left out, so that it had to be assumed.
  package private(set) var gaps: [VocabularyGap]

  private let index: TextIndex
  private let kinds: [TokenKind]
  private let special: [SpecialToken: Token]

  /// Checks `description` and fills in what it leaves to the family.
  package init(_ description: VocabularyDescription) throws(TokenizerError) {
    let count = description.texts.count
    guard count > 0, count <= Int32.max else { throw .tokenCount(count) }
    let family = try Tokenizers.family(named: description.family, pretokenizer: description.pretokenizer)
    let defaults = try family.defaults(for: description)
    self.family = description.family
    pretokenizer = description.pretokenizer
    texts = description.texts
    scores = description.scores ?? []
    try checkCount(description.scores?.count, of: "scores", count)
    try checkCount(description.kinds?.count, of: "types", count)
    merges = description.merges ?? ByteStrings()
    addsBOS = defaults.alwaysAddsBOS || description.addsBOS ?? defaults.addsBOS
    addsEOS = description.addsEOS ?? defaults.addsEOS
    addsSeparator = description.addsSeparator ?? defaults.addsSeparator
    addsSpacePrefix = description.addsSpacePrefix ?? defaults.addsSpacePrefix
    specialTokensSwallowSpace = description.specialTokensSwallowSpace
    normalization = description.normalization
    let index = TextIndex(texts)
    self.index = index
    var special = try specialTokens(description.specialIDs, defaults.specialIDs, count)
    var kinds = try tokenKinds(description.kinds ?? [], count)
    let enders = WellKnownTokens.find(in: description.texts, index, kinds)
    for (role, token) in enders.roles where special[role] == nil { special[role] = token }
    let roles: [SpecialToken] = [.endOfSequence, .endOfTurn, .endOfMessage]
    endOfGeneration = enders.endOfGeneration.union(roles.compactMap { special[$0] })
    self.special = special
    gaps =
      defaults.gaps + Self.gaps(in: description, special, addsBOS: addsBOS)
      + (endOfGeneration.isEmpty ? [.noEnd] : [])
    for token in enders.endOfGeneration where kinds[Int(token)] == .normal { kinds[Int(token)] = .control }
    self.kinds = kinds
  }

  private static func gaps(
    in description: VocabularyDescription, _ special: [SpecialToken: Token], addsBOS: Bool
  ) -> [VocabularyGap] {
    var gaps: [VocabularyGap] = description.kinds?.isEmpty ?? true ? [.kinds] : []
    if addsBOS, special[.beginningOfSequence] == nil { gaps.append(.noBeginning) }
    let neededRoles: [SpecialToken] = addsBOS ? [.beginningOfSequence, .endOfSequence] : [.endOfSequence]
    for role in neededRoles where description.specialIDs[role] == nil {
      guard let token = special[role] else { continue }
      gaps.append(.assumed(role, text: String(decoding: description.texts[Int(token)], as: UTF8.self)))
    }
    return gaps
  }

  /// How many tokens there are.
  package var count: Int { texts.count }

  /// Bytes of the longest token.
  var longestText: Int { (0..<count).reduce(0) { max($0, texts.range($1).count) } }

  /// The token with the role `role`, if there is one.
  package subscript(role: SpecialToken) -> Token? { special[role] }

  /// What `token` is; nil outside the vocabulary.
  package func kind(of token: Token) -> TokenKind? {
    token >= 0 && Int(token) < count ? kinds[Int(token)] : nil
  }

  /// Whether `token` marks structure, so that no text of a message becomes it: control tokens and UNK, and user-defined
  /// tokens that have a role, end a generation or are spelled like control tokens.
  package func isMark(_ token: Token) -> Bool {
    guard let kind = kind(of: token) else { return false }
    guard kind == .userDefined else { return kind.isSpecial }
    return endOfGeneration.contains(token) || special.values.contains(token)
      || WellKnownTokens.isSpelledAsMark(texts[Int(token)])
  }

  /// Whether white space after `token` in a text belongs to it: after all special tokens but UNK, BOS and EOS, where
  /// the model asks for that.
  func swallowsSpace(after token: Token) -> Bool {
    let exceptions: [SpecialToken] = [.unknown, .beginningOfSequence, .endOfSequence]
    return specialTokensSwallowSpace && !exceptions.contains { special[$0] == token }
  }

  /// The first token with exactly the text `text` (in the family's alphabet).
  package func token(of text: String) -> Token? {
    let bytes = Array(text.utf8)
    return token(of: bytes, bytes.indices)
  }

  /// The first token whose text is the bytes of `text` in `range`.
  func token(of text: [UInt8], _ range: Range<Int>) -> Token? { token(of: text.span.extracting(range)) }

  /// The first token whose text is the bytes `text`.
  func token(of text: Span<UInt8>) -> Token? { index.index(of: text, in: texts).map { Token(truncatingIfNeeded: $0) } }

  /// The first token of each text, -1 where there is none; quicker than one by one.
  func tokens(of texts: ByteStrings) -> [Token] { index.indexes(of: texts, in: self.texts) }

  /// The first token whose text is the bytes `text`; quick if that is `guess` or the token after it.
  func token(of text: Span<UInt8>, guess: Token) -> Token? {
    if !index.hasDuplicates {
      if Int(guess) < count, equal(texts.span(Int(guess)), text) { return guess }
      if Int(guess) + 1 < count, equal(texts.span(Int(guess) + 1), text) { return guess + 1 }
    }
    return token(of: text)
  }

  /// Whether the marks of ChatML are tokens, the format that most chat models without a template were trained with.
  package var knowsChatML: Bool { ["<|im_start|>", "<|im_end|>"].allSatisfy { token(of: $0) != nil } }

  /// The tokens of which `isIncluded` is true for their kind, in order.
  func tokens(where isIncluded: (TokenKind) -> Bool) -> [Token] {
    (0..<Token(truncatingIfNeeded: count)).filter { isIncluded(kinds[Int($0)]) }
  }

  /// What is wrong with the scores of the tokens that are text, for families that go by them.
  var scoreGaps: [VocabularyGap] {
    let unusable = (0..<count).count { kinds[$0] == .normal && !scores[$0].isFinite }
    return unusable > 0 ? [.scores(unusable: unusable)] : []
  }

  /// The same vocabulary without its merges, of which an encoder makes its own table, and where more is amiss.
  func withoutMerges(_ gaps: [VocabularyGap] = []) -> Vocabulary {
    var result = self
    result.merges = ByteStrings()
    result.gaps += gaps
    return result
  }
}

/// A list that is there has an entry for each token.
private func checkCount(_ found: Int?, of name: String, _ count: Int) throws(TokenizerError) {
  guard let found, found != count else { return }
  throw .wrongCount(of: name, expected: count, found: found)
}

/// The kinds with these raw values; 0 (undefined) and none at all mean normal.
private func tokenKinds(_ raw: [Int32], _ count: Int) throws(TokenizerError) -> [TokenKind] {
  guard !raw.isEmpty else { return [TokenKind](repeating: .normal, count: count) }
  var kinds: [TokenKind] = []
  kinds.reserveCapacity(count)
  for (token, value) in raw.enumerated() {
    guard let kind = value == 0 ? .normal : TokenKind(rawValue: value) else {
      throw .unknownKind(value, token: token)
    }
    kinds.append(kind)
  }
  return kinds
}

/// The ids that a file gives, which must be in the vocabulary, and those of the defaults that are.
private func specialTokens(
  _ given: [SpecialToken: Int], _ defaults: [SpecialToken: Int], _ count: Int
) throws(TokenizerError) -> [SpecialToken: Token] {
  var tokens: [SpecialToken: Token] = [:]
  for role in SpecialToken.allCases {
    if let id = given[role] {
      guard id != -1 else { continue }
      guard id >= 0, id < count else { throw .idOutOfRange(of: role.rawValue, id: id, tokenCount: count) }
      tokens[role] = Token(truncatingIfNeeded: id)
    } else if let id = defaults[role], id < count {
      tokens[role] = Token(truncatingIfNeeded: id)
    }
  }
  return tokens
}
