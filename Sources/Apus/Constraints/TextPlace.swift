internal import ApusCore
internal import ApusGrammar

/// A text's place in its grammar; or in several, as long as it is not known whether it is an answer or calls.
///
/// An answer that calls may come instead of must fit two grammars: that of its constraint, and one of all texts in which no
/// call has begun. So no text is both, and once calls cannot come any more the constraint's is enough.
struct TextPlace: Sendable {
  private var text: GrammarMatcher
  private var rivals: Rivals?

  private struct Rivals {
    /// What the answer must fit too.
    var answer: GrammarMatcher
    var calls: GrammarMatcher
  }

  /// The beginning of a text of one grammar.
  init(_ text: GrammarMatcher) { self.text = text }

  /// Lets calls come instead, in place of texts that are not of `answer` too.
  mutating func add(calls: GrammarMatcher, answer: GrammarMatcher) { rivals = Rivals(answer: answer, calls: calls) }

  mutating func accept(_ token: Token) -> Bool { move { $0.accept(token) } }

  mutating func accept(bytes: [UInt8]) -> Bool { move { $0.accept(bytes: bytes) } }

  /// Goes on where `step` does; false, and nothing changes, where none does.
  private mutating func move(_ step: (inout GrammarMatcher) -> Bool) -> Bool {
    guard var next = rivals else { return step(&text) }
    var answer = text
    let isAnswer = step(&answer) && step(&next.answer)
    let isCalls = step(&next.calls)
    switch (isAnswer, isCalls) {
    case (true, true): (text, rivals) = (answer, next)
    case (true, false): (text, rivals) = (answer, nil)
    case (false, true): (text, rivals) = (next.calls, nil)
    case (false, false): return false
    }
    return true
  }

  /// Makes `mask` exactly the tokens that `accept` would take.
  mutating func fill(_ mask: inout TokenMask) {
    text.fill(&mask)
    guard rivals != nil else { return }
    var other = TokenMask(vocabularySize: mask.vocabularySize, allowingAll: false)
    rivals?.answer.fill(&other)
    mask.formIntersection(other.words)
    rivals?.calls.fill(&other)
    mask.formUnion(other.words)
  }

  /// Whether the text so far is a whole text.
  var canEnd: Bool {
    guard let rivals else { return text.canEnd }
    return text.canEnd && rivals.answer.canEnd || rivals.calls.canEnd
  }

  /// Whether nothing but the end can follow.
  var isComplete: Bool { text.isComplete && rivals?.calls.isComplete != false }

  /// The bytes that every way on begins with, as far as that is easily known; none where the text can end.
  func forcedBytes(atMost limit: Int) -> [UInt8] {
    let bytes = text.forcedBytes(atMost: limit)
    guard let rivals, !bytes.isEmpty else { return bytes }
    return zip(bytes, rivals.calls.forcedBytes(atMost: limit)).prefix { $0 == $1 }.map(\.0)
  }
}
