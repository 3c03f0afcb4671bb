internal import Apus
internal import ApusChat
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// Writes one answer in the words of a dialect: pure, one value for each answer.
///
/// A stream is `open` of each choice, then `delta` and `close` of all choices in turns, then `finish`; each gives the
/// bytes to send, none where there is nothing to say. An answer that is sent as a whole is `whole` alone.
protocol AnswerEncoder: Sendable {
  /// A choice begins, before it has a token.
  mutating func open(_ choice: Int) -> [UInt8]
  /// More of its prompt was processed.
  mutating func progress(_ choice: Int, _ progress: PromptProgress) -> [UInt8]
  /// More of a choice.
  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8]
  /// What is to be kept of a choice that ended as it was asked to; asked once all of it was told, before `close` or
  /// `whole` tell its end.
  mutating func record(_ result: ChoiceResult) -> AnswerRecord?
  /// The choice is not kept, which its end may say.
  mutating func recordFailed()
  /// A choice has ended; all of it was told before.
  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8]
  /// All choices have ended.
  mutating func finish(_ usage: UsageCount) -> [UInt8]
  /// The whole answer.
  mutating func whole(_ choices: [ChoiceResult], _ usage: UsageCount) -> WholeReply
}

extension AnswerEncoder {
  mutating func open(_ choice: Int) -> [UInt8] { [] }
  mutating func progress(_ choice: Int, _ progress: PromptProgress) -> [UInt8] { [] }
  mutating func record(_ result: ChoiceResult) -> AnswerRecord? { nil }
  mutating func recordFailed() {}
}

/// A piece of one choice.
struct AnswerDelta: Sendable {
  /// What its text means; a raw completion has content only.
  var events: [TurnEvent]
  /// The tokens that have come; their text may come with a later piece.
  var tokens: [GeneratedToken]
}

/// One choice, when it has ended.
struct ChoiceResult: Sendable {
  /// What it said in all; a raw completion has content only.
  var turn = TurnSummary()
  /// Its tokens, where the answer is sent as a whole.
  var tokens: [GeneratedToken] = []
  /// Nil where it was cut before the engine had ended it.
  var summary: GenerationSummary?
  var end = AnswerEnd.shutdown
}

/// A whole answer.
struct WholeReply: Sendable {
  var headers = HTTPFields()
  private let makeBody: @Sendable () -> JSONValue

  init(_ body: JSONValue) { makeBody = { body } }

  /// One whose body takes time to make, such as a list of vectors.
  init(making body: @escaping @Sendable () -> JSONValue) { makeBody = body }

  /// What it says; made anew each time.
  var body: JSONValue { makeBody() }

  /// The header field of an answer that could not be kept.
  static let notKept: HTTPFields = HTTPField.Name("X-Apus-Kept").map { [$0: "false"] } ?? [:]

  /// The response that it is.
  var response: Response {
    var all = LateForm.jsonHeaders
    all.append(contentsOf: headers)
    return Response(status: .ok, headers: all, body: ResponseBody(byteBuffer: ByteBuffer(json: body)))
  }
}
