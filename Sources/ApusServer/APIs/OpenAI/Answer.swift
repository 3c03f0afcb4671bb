internal import Apus

/// What the answers of both generating paths have in common, whole or in frames.
protocol Answer: Sendable {
  /// The kind of object of a whole answer, and of one frame.
  static var objectName: String { get }
  static var frameName: String { get }
  /// What every object begins with.
  var header: AnswerHeader { get }

  /// Deltas before the first token of a choice.
  func openingDelta(of choice: Int) -> [(String, JSONValue)]?
  /// A piece of a choice.
  func delta(_ delta: TextDelta, of choice: Int, _ state: inout ChoiceState) -> [(String, JSONValue)]
  /// The last frame of a choice, beside its finish reason.
  func closingDelta(of choice: Int, _ state: inout ChoiceState) -> [(String, JSONValue)]
  /// A whole choice, beside its number and finish reason.
  func whole(_ completion: CompletedChoice, _ state: inout ChoiceState) -> [(String, JSONValue)]
}

/// What every object of one answer begins with.
struct AnswerHeader: Sendable {
  let id: String
  let created: Int
  let model: String
  /// Changes with everything that may change the text for the same seed.
  let fingerprint: String

  func json(_ object: String, choices: [JSONValue]) -> [(String, JSONValue)] {
    [
      ("id", .string(id)), ("object", .string(object)), ("created", .int(created)), ("model", .string(model)),
      ("system_fingerprint", .string(fingerprint)), ("choices", .array(choices)),
    ]
  }
}

/// What is remembered from one delta of a choice to the next.
struct ChoiceState {
  var logProbabilities: LegacyLogProbabilities?
}

/// All of one choice.
struct CompletedChoice {
  let choice: Int
  let text: String
  let tokens: [GeneratedToken]
}
