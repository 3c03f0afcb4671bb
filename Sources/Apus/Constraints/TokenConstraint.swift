internal import ApusCore
package import ApusGrammar
package import ApusTokenizers

/// What may come next in one completion whose text is constrained; a value, one place in its grammars.
package struct TokenConstraint: Sendable {
  /// The most bytes that are looked ahead for forced tokens.
  private static let forcedBytes = 512
  /// Tokens before forced ones whose own split must come out again.
  private static let contextTokens = 8

  private var place: TextPlace
  private let tokenizer: Tokenizer
  private let marks: TurnMarks
  /// Whether the whole text is constrained, so that nothing else may cut it.
  let isWhole: Bool
  /// What may come before the text; nil once that is over.
  private var lead: ReasoningLead?
  /// The last tokens of the text.
  private var last: [Token] = []
  /// Whether the text began with a token, not within one.
  private var beganWithToken = true
  /// Whether the thinking ended within a token whose rest does not fit: then nothing is allowed.
  private var isBroken = false

  /// The beginning of a completion.
  package init(_ matcher: GrammarMatcher, _ tokenizer: Tokenizer) {
    self.init(TextPlace(matcher), tokenizer, TurnMarks(), behind: nil)
  }

  /// The beginning of a completion whose text may follow what the model thinks.
  init(
    _ place: TextPlace, _ tokenizer: Tokenizer, _ marks: TurnMarks, behind lead: ReasoningLead?,
    isWhole: Bool = true
  ) {
    self.place = place
    self.tokenizer = tokenizer
    self.marks = marks
    self.lead = lead
    self.isWhole = isWhole
  }

  /// Whether the text is complete: nothing can follow.
  var isComplete: Bool { lead?.isFree != true && place.isComplete }

  /// Makes `mask` the tokens that may come next, those that end a text among them where it may end.
  mutating func fill(_ mask: inout TokenMask, ends: [Token]) {
    if isBroken { return mask.removeAll() }
    if lead?.isFree == true {
      mask = TokenMask(vocabularySize: mask.vocabularySize, allowingAll: true)
      for token in ends { mask[token] = false }
      return
    }
    place.fill(&mask)
    for token in lead?.others ?? [] { mask[token] = true }
    guard place.canEnd else { return }
    for token in ends { mask[token] = true }
  }

  /// Goes on with a token of the completion; false where it does not fit.
  mutating func accept(_ token: Token) -> Bool {
    switch lead?.take(token) {
    case .taken?: return true
    case .ended(let rest)?:
      (lead, beganWithToken) = (nil, rest.isEmpty)
      isBroken = !place.accept(bytes: rest)
      return !isBroken
    case .text?, nil: lead = nil
    }
    guard place.accept(token) else { return false }
    // A mark divides the text: what stands before it has no part in how the rest is split.
    if marks.contains(token) { (last, beganWithToken) = ([], true) } else { last.append(token) }
    if last.count > Self.contextTokens { last.removeFirst() }
    return true
  }

  /// The next tokens, where the text can only go on in one way and there is no doubt how it is split.
  ///
  /// They are the tokens that the tokenizer makes of the text so far and the bytes that must follow: it must make of the
  /// former what stands there. The last one is left out, as what comes behind might join it, unless the text ends there
  /// or a mark follows, which is then the last one of them. They are not taken.
  func forced() -> [Token] {
    guard lead == nil else { return [] }
    let forced = place.forcedBytes(atMost: Self.forcedBytes)
    let (bytes, mark) = marks.firstMark(in: forced)
    let end = mark.map { [$0] } ?? []
    if bytes.isEmpty { return end }
    guard bytes.count + end.count > 1, beganWithToken || !last.isEmpty else { return [] }
    for count in last.isEmpty ? [0] : [last.count, last.count / 2, 1] where count > 0 || last.isEmpty {
      let before = last.suffix(count)
      let text = before.flatMap { tokenizer.piece(of: $0) } + bytes
      let tokens = tokenizer.encode(continuing: text)
      guard tokens.starts(with: before) else { continue }
      let rest = tokens.dropFirst(count)
      return Array(mark != nil || isEnd(behind: bytes) ? rest : rest.dropLast()) + end
    }
    return []
  }

  private func isEnd(behind bytes: [UInt8]) -> Bool {
    var place = place
    return place.accept(bytes: bytes) && place.isComplete
  }
}
