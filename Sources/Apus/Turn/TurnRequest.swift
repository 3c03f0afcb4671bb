package import ApusJSON

/// A turn that a model is asked for: the request, and what reads what comes.
package struct TurnRequest: Sendable {
  package var request: GenerationRequest
  package let reader: TurnReader
}

extension Model {
  /// Asks for the answer to the last of `messages`.
  ///
  /// `tools` are those that the model may call, in the form of OpenAI's API, where `options.toolChoice` lets it.
  ///
  /// Throws where the messages make no prompt, and `ApusError.stopped` soon after `shouldStop` says so.
  package func turn(
    _ messages: [ChatMessage], tools: [JSONValue] = [], options: GenerationOptions,
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> TurnRequest {
    let tools = options.toolChoice == .none ? [] : tools
    if let constraint = options.constraint, !constraint.leavesRoomForCalls {
      try Self.checkCallsNothing(options.toolChoice, tools)
    }
    let prompt = try chatTurn(messages, tools: tools, shouldStop: shouldStop)
    let wanted = try turnConstraint(tools: tools, choice: options.toolChoice, answer: options.constraint)
    var request = GenerationRequest(prompt: prompt.tokens, options: options)
    request.constraint = try compile(wanted, startsInReasoning: prompt.startsInReasoning, shouldStop: shouldStop)
    request.shownTokens = turnMarks
    request.reasoning = reasoningSpan(
      startsInReasoning: prompt.startsInReasoning, limit: options.thinkingBudget)
    let reader = TurnReader(
      self, wanted, startsInReasoning: prompt.startsInReasoning, ids: Self.callIDs(behind: messages))
    return TurnRequest(request: request, reader: reader)
  }

  /// Throws where calls may come.
  private static func checkCallsNothing(_ choice: ToolChoice, _ tools: [JSONValue]) throws(ApusError) {
    if choice == .none || choice == .auto && tools.isEmpty { return }
    throw .invalidRequest(
      field: "constraint",
      reason: "an answer that may call tools can fit a JSON schema, and no other constraint: give a schema, or set "
        + "toolChoice to none, once tools were called")
  }

  /// How the ids of calls begin that a model makes behind `messages`.
  ///
  /// With a digit they are nine letters and digits, as Mistral's templates want them. They depend on the conversation
  /// alone, as prompts have them.
  private static func callIDs(behind messages: [ChatMessage]) -> String {
    let number = String(messages.count { !$0.toolCalls.isEmpty })
    return "call" + String(repeating: "0", count: max(0, 4 - number.count)) + number
  }
}
