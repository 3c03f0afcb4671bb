/// What happens while a model answers messages, in order.
///
/// A turn of the model is progress, then text, then its calls of tools. A session that has tools runs them, gives their
/// results, and the next turn follows; one `finished` is the end of all. Who only shows text needs `text` alone.
public enum ChatEvent: Sendable, Equatable {
  /// The work on a turn has begun, or more of its prompt was processed.
  case progress(PromptProgress)
  /// More of what the model says, or of what it thinks before.
  case text(TextDelta)
  /// The model begins to call a tool; `index` counts the calls of its turn from 0.
  case toolCallBegins(index: Int, id: String, name: String)
  /// More of the arguments of that call, as JSON text.
  case toolCallArguments(index: Int, text: String)
  /// A call is complete.
  ///
  /// It comes after its beginning and its arguments. One that was cut off has a beginning and never comes.
  case toolCall(ToolCall)
  /// A session has run a call; its results come in the order of the calls.
  case toolResult(ToolResult)
  /// The end, of the last turn; nothing follows.
  case finished(GenerationSummary)
}
