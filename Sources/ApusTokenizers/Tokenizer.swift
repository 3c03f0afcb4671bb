package import ApusCore
package import ApusText

/// Text to tokens and back, for one vocabulary.
///
/// Immutable: one may serve any number of threads. Encoding takes n log n time in the bytes of the text, decoding
/// linear time.
package final class Tokenizer: Sendable {
  /// The tokens this tokenizer knows.
  package let vocabulary: Vocabulary

  private let family: any TokenizerFamily
  /// The user-defined tokens.
  private let userDefinedTokens: SpecialTokenScanner
  /// The user-defined tokens that any text may become: all but marks of structure.
  private let plainTokens: SpecialTokenScanner
  /// The user-defined and the control tokens.
  private let specialTokens: SpecialTokenScanner

  /// Builds the tables that the family of `vocabulary` needs.
  package init(_ vocabulary: Vocabulary) throws(TokenizerError) {
    family = try Tokenizers.family(named: vocabulary.family, pretokenizer: vocabulary.pretokenizer).init(vocabulary)
    let userDefined = vocabulary.tokens { $0 == .userDefined }
    userDefinedTokens = SpecialTokenScanner(userDefined, of: vocabulary)
    plainTokens = SpecialTokenScanner(userDefined.filter { !vocabulary.isMark($0) }, of: vocabulary)
    specialTokens = SpecialTokenScanner(
      vocabulary.tokens { $0 == .userDefined || $0.isSpecial }, of: vocabulary)
    self.vocabulary = vocabulary.withoutMerges(family.gaps)
  }

  /// The tokens of `text`.
  ///
  /// Never fails: what has no token is spelled in bytes, and what has none of these either becomes UNK or nothing.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - addSpecial: Whether BOS and EOS are added where the vocabulary says so. They are not looked for first.
  ///   - parseSpecial: Whether the texts of control tokens in `text` become those tokens. Only for text whose author
  ///     writes the format too; a conversation goes through a template and `encode(_:addSpecial:)`. User-defined tokens
  ///     are recognised always.
  ///   - shouldStop: Asked every few milliseconds; where it says so the work ends, with part of the tokens.
  /// - Returns: The tokens, all of them in the vocabulary.
  package func encode(
    _ text: String, addSpecial: Bool, parseSpecial: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) -> [Token] {
    encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial, shouldStop: shouldStop)
  }

  /// The tokens of the bytes `text`, which need not be UTF-8; otherwise as for a string.
  package func encode(
    _ text: [UInt8], addSpecial: Bool, parseSpecial: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) -> [Token] {
    var check = StopCheck(shouldStop)
    return parseSpecial
      ? encode(text, marks: marks(in: text, [text.indices]), others: plainTokens, addSpecial: addSpecial, &check)
      : encode(text, marks: [], others: userDefinedTokens, addSpecial: addSpecial, &check)
  }

  /// The tokens of bytes that stand within a text: nothing is added before or behind them, and no marks are looked for.
  package func encode(continuing text: [UInt8]) -> [Token] {
    guard !text.isEmpty else { return [] }
    var check = StopCheck { false }
    var tokens: [Token] = []
    encode(text, text.indices, plainTokens, startsText: false, into: &tokens, &check)
    return tokens
  }

  /// The tokens of two texts that a model compares, such as a question and a document.
  ///
  /// BOS, the first, EOS, SEP, the second, and EOS, each where the vocabulary says so; EOS stands in for a SEP that
  /// there is not. Control tokens in the texts are not recognised.
  ///
  /// - Parameters:
  ///   - first: The first text, of which all is kept.
  ///   - second: The second text.
  ///   - limit: How many tokens there may be; the end of the second text is left out where there are more. Those around
  ///     it and of the first text are always there, even if they are more.
  /// - Returns: The tokens, and whether some were left out.
  package func encode(
    _ first: String, with second: String, limit: Int? = nil
  ) -> (tokens: [Token], isTruncated: Bool) {
    var tokens = encode(first, addSpecial: true, parseSpecial: false)
    if vocabulary.addsSeparator, let separator = vocabulary[.separator] ?? vocabulary[.endOfSequence] {
      tokens.append(separator)
    }
    let end = vocabulary.addsEOS ? vocabulary[.endOfSequence] : nil
    let text = encode(second, addSpecial: false, parseSpecial: false)
    let room = limit.map { max(0, $0 - tokens.count - (end == nil ? 0 : 1)) } ?? text.count
    tokens += text.prefix(room)
    if let end { tokens.append(end) }
    return (tokens, room < text.count)
  }

  /// The tokens of a rendered prompt.
  ///
  /// Only what the template wrote becomes control tokens, and each range of it is searched by itself, so that a message
  /// can neither complete a control token nor hide one. Of the user-defined tokens, those that mark structure are
  /// treated alike. Between these tokens the text is encoded as one, whoever wrote it.
  ///
  /// - Parameters:
  ///   - prompt: The prompt.
  ///   - addSpecial: Whether BOS and EOS are added where the vocabulary says so. They are not looked for first.
  ///   - shouldStop: Asked every few milliseconds; where it says so the work ends, with part of the tokens.
  /// - Returns: The tokens, all of them in the vocabulary.
  package func encode(
    _ prompt: PromptText, addSpecial: Bool, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) -> [Token] {
    var check = StopCheck(shouldStop)
    let marks = marks(in: prompt.utf8, prompt.templateRanges)
    return encode(prompt.utf8, marks: marks, others: plainTokens, addSpecial: addSpecial, &check)
  }

  /// The marks of structure in these ranges of `text`, which rise.
  private func marks(in text: [UInt8], _ ranges: [Range<Int>]) -> [SpecialTokenScanner.Match] {
    ranges.flatMap { specialTokens.matches(in: text, $0).filter { vocabulary.isMark($0.token) } }
  }

  /// The tokens of `text`, given the marks of structure in it and what to look for between them.
  private func encode(
    _ text: [UInt8], marks: [SpecialTokenScanner.Match], others: SpecialTokenScanner, addSpecial: Bool,
    _ check: inout StopCheck
  ) -> [Token] {
    var tokens: [Token] = []
    if addSpecial, vocabulary.addsBOS, let bos = vocabulary[.beginningOfSequence] { tokens.append(bos) }
    var start = 0
    for mark in marks where mark.start >= start {
      encode(text, start..<mark.start, others, into: &tokens, &check)
      tokens.append(mark.token)
      start = end(of: mark, in: text)
      check.advance(by: 1)
      if check.isStopped { return tokens }
    }
    encode(text, start..<text.count, others, into: &tokens, &check)
    if addSpecial, vocabulary.addsEOS, let eos = vocabulary[.endOfSequence] { tokens.append(eos) }
    return tokens
  }

  /// Appends the tokens of `text[range]`, in which only the tokens of one scanner are looked for.
  private func encode(
    _ text: [UInt8], _ range: Range<Int>, _ scanner: SpecialTokenScanner, startsText: Bool = true,
    into tokens: inout [Token], _ check: inout StopCheck
  ) {
    var (start, startsText) = (range.lowerBound, startsText)
    for match in scanner.matches(in: text, range) {
      if start < match.start { family.encode(text, start..<match.start, startsText: startsText, into: &tokens, &check) }
      tokens.append(match.token)
      (start, startsText) = (match.end, true)
      check.advance(by: 1)
      if check.isStopped { return }
    }
    guard start < range.upperBound else { return }
    family.encode(text, start..<range.upperBound, startsText: startsText, into: &tokens, &check)
  }

  /// The bytes of `tokens`: UTF-8 if the tokens came from whole text, but a model may end or err within a character.
  ///
  /// - Parameters:
  ///   - tokens: The tokens; ids outside the vocabulary stand for nothing.
  ///   - renderSpecial: Whether control tokens appear, as their text.
  ///   - continuing: Whether other text stands before these tokens, so that a leading space is theirs.
  /// - Returns: The bytes.
  package func decode(
    _ tokens: some Sequence<Token>, renderSpecial: Bool = false, continuing: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var atStart = !continuing
    for token in tokens { append(token, to: &bytes, renderSpecial: renderSpecial, atStart: &atStart) }
    return bytes
  }

  /// The bytes of one token, as within a text: a leading space is kept.
  package func piece(of token: Token, renderSpecial: Bool = false) -> [UInt8] {
    decode(CollectionOfOne(token), renderSpecial: renderSpecial, continuing: true)
  }

  /// Appends the bytes of `token`, without the space that encoding added when they are the first of a text.
  func append(_ token: Token, to bytes: inout [UInt8], renderSpecial: Bool, atStart: inout Bool) {
    guard let kind = vocabulary.kind(of: token), renderSpecial || !kind.isSpecial else { return }
    let text = vocabulary.texts[Int(token)]
    let start = bytes.count
    if kind.isSpecial {
      bytes.append(contentsOf: text)
    } else {
      family.appendPiece(text, kind, to: &bytes)
    }
    guard atStart, bytes.count > start else { return }
    atStart = false
    let isSpacePrefix = vocabulary.addsSpacePrefix && kind != .byte && !kind.isSpecial && bytes[start] == 0x20
    if isSpacePrefix { bytes.remove(at: start) }
  }

  private func end(of match: SpecialTokenScanner.Match, in text: [UInt8]) -> Int {
    var end = match.end
    if vocabulary.swallowsSpace(after: match.token) {
      while end < text.count, isWhiteSpace(text[end]) { end += 1 }
    }
    return end
  }
}

extension TokenKind {
  /// Whether tokens of this kind are no text: control tokens and UNK.
  var isSpecial: Bool { self == .control || self == .unknown }
}
