package import ApusChat
package import ApusCore
internal import ApusText
package import ApusTokenizers

/// What a model thinks in one answer: how many tokens that has, and its end where it may have no more; a value.
///
/// Once as many have come as may, the marks that end the thinking must follow, and then the answer does. Where a turn may
/// think several times (gpt-oss) all of it counts together, and none begins behind the limit.
package struct ReasoningSpan: Sendable {
  private enum Place {
    /// The answer may still begin with the mark of thinking, of which these bytes are the beginning.
    case beginning([UInt8])
    /// Within the thinking, whose closing mark is looked for.
    case inside(MarkSearch)
    /// Outside of all thinking, behind these tokens at last.
    case outside([Token])
  }

  private let tokenizer: Tokenizer
  private let marks: Marks
  /// Tokens that may be thought; nil for any number.
  private let limit: Int?
  private var place: Place
  /// Tokens that were thought, without the marks around them.
  package private(set) var count = 0
  /// The tokens that must come now, as the thinking is over.
  package private(set) var forced: ArraySlice<Token> = []

  /// The thinking of a model that writes its turns so, at most `limit` tokens of it; nil where it marks none.
  ///
  /// `hasBegun` says whether the prompt ends within it.
  package init?(_ format: TurnFormat, _ tokenizer: Tokenizer, hasBegun: Bool, limit: Int?) {
    guard let marks = Marks(format, tokenizer) else { return nil }
    (self.tokenizer, self.marks, self.limit) = (tokenizer, marks, limit)
    place = hasBegun ? .inside(marks.close) : marks.channels == nil ? .beginning([]) : .outside([])
    closeWhereDue()
  }

  private var isInside: Bool { if case .inside = place { true } else { false } }
  private var isUsedUp: Bool { limit.map { count >= $0 } ?? false }

  /// A token that must not come, as it would begin what may not be.
  private var barred: Token? {
    guard isUsedUp, let channels = marks.channels, case .outside(let last) = place else { return nil }
    return last.last == channels.opening[0] ? channels.opening[1] : nil
  }

  /// Whether `restrict` may take anything away.
  package var isNarrow: Bool { !forced.isEmpty || barred != nil }

  /// Takes out of `mask` what must not come next, unless nothing else may.
  package func restrict(_ mask: inout TokenMask) {
    if let token = forced.first {
      guard mask[token] else { return }
      mask.removeAll()
      mask[token] = true
    } else if let barred, mask[barred] {
      mask[barred] = false
      if mask.isEmpty { mask[barred] = true }
    }
  }

  /// Goes on with a token of the completion.
  package mutating func accept(_ token: Token) {
    let wasInside = isInside
    move(by: token)
    if let first = forced.popFirst(), first == token { return }
    // Where a constraint has let another token come, the end is put behind the next one.
    forced = []
    if wasInside, isInside { count += 1 }
    closeWhereDue()
  }

  private mutating func closeWhereDue() {
    if isInside, isUsedUp { forced = marks.closing[...] }
  }

  private mutating func move(by token: Token) {
    switch place {
    case .beginning(let bytes): begin(bytes + tokenizer.piece(of: token, renderSpecial: true))
    case .inside(var search):
      let isOver = search.take(tokenizer.piece(of: token, renderSpecial: true)) != nil
      place = isOver ? .outside([]) : .inside(search)
    case .outside(let last):
      guard let channels = marks.channels else { return }
      let next = (last + [token]).suffix(channels.opening.count)
      place = next.elementsEqual(channels.opening) ? .inside(marks.close) : .outside(Array(next))
    }
  }

  private mutating func begin(_ text: [UInt8]) {
    let text = text.drop(while: isWhiteSpace)
    if text.starts(with: marks.open) {
      place = .inside(marks.close)
    } else {
      place = marks.open.starts(with: text) ? .beginning(Array(text)) : .outside([])
    }
  }
}

extension ReasoningSpan {
  /// How a model marks what it thinks.
  private struct Marks: Sendable {
    /// The tokens that begin thinking wherever they come, of a model whose turns are messages on channels.
    struct Channels: Sendable { let opening: [Token] }

    let open: [UInt8]
    let close: MarkSearch
    /// The tokens that end it.
    let closing: [Token]
    let channels: Channels?

    init?(_ format: TurnFormat, _ tokenizer: Tokenizer) {
      let tokens = { (text: String) in tokenizer.encode(text, addSpecial: false, parseSpecial: true) }
      if format.hasChannels {
        let opening = tokens("<|channel|>analysis<|message|>")
        // A vocabulary without these marks is none that the template was made for.
        guard opening.count == 3, let close = MarkSearch("<|end|>") else { return nil }
        (open, self.close, channels) = ([], close, Channels(opening: opening))
        closing = tokens("<|end|><|start|>assistant<|channel|>")
        return
      }
      guard let marks = format.thinking, let close = MarkSearch(marks.close) else { return nil }
      (open, self.close, channels) = (Array(marks.open.withoutOuterSpace.utf8), close, nil)
      guard !open.isEmpty else { return nil }
      let end = tokenizer.vocabulary.token(of: marks.close.withoutOuterSpace)
      closing = end.map { [$0] } ?? tokenizer.encode(continuing: close.mark)
    }
  }
}

extension Model {
  /// Keeps track of the thinking of an answer, of which there may be `limit` tokens; nil for a model that marks none.
  package func reasoningSpan(startsInReasoning: Bool, limit: Int?) -> ReasoningSpan? {
    chatFormat.flatMap { ReasoningSpan($0.turns, tokenizer, hasBegun: startsInReasoning, limit: limit) }
  }
}
