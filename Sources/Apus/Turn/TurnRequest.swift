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
    let prompt = try chatTurn(messages, tools: tools, shouldStop: shouldStop)
    var request = GenerationRequest(prompt: prompt.tokens, options: options)
    let calls = try callConstraint(options, tools, startsInReasoning: prompt.startsInReasoning)
    request.constraint = calls
    if calls == nil, let constraint = options.constraint {
      request.constraint = try compile(
        constraint, startsInReasoning: prompt.startsInReasoning, shouldStop: shouldStop)
    }
    request.shownTokens = turnMarks
    let reader = TurnReader(
      self, tools: tools, choice: options.toolChoice, isConstrained: calls != nil,
      startsInReasoning: prompt.startsInReasoning, ids: Self.callIDs(behind: messages))
    return TurnRequest(request: request, reader: reader)
  }

  /// What keeps calls in form; nil where none may come.
  private func callConstraint(
    _ options: GenerationOptions, _ tools: [JSONValue], startsInReasoning: Bool
  ) throws(ApusError) -> TokenConstraint? {
    let mayCall = !tools.isEmpty || (options.toolChoice != .auto && options.toolChoice != .none)
    if mayCall, options.constraint != nil {
      throw .invalidRequest(
        field: "constraint",
        reason: "an answer that may call tools cannot be constrained: set toolChoice to none, once tools were called")
    }
    return try chatConstraint(
      tools: tools, choice: options.toolChoice, allowsSeveral: true, startsInReasoning: startsInReasoning)
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
