/// What a part of a model's turn means; the events of a turn, put together, are all that it said.
package enum TurnEvent: Sendable, Equatable {
  /// More of the answer.
  case content(String)
  /// More of what the model thinks before it answers.
  case reasoning(String)
  /// A call begins; `index` counts the turn's calls from 0, `id` is the format's own, where it has one.
  case callBegins(index: Int, id: String?, name: String)
  /// More of the JSON text of a call's arguments.
  case callArguments(index: Int, String)
  /// A call's arguments are complete.
  case callEnds(index: Int)
}
