package import ApusChat
package import ApusJSON

/// What a turn of a model must be: calls of tools in form, an answer that fits a constraint, either of them, or free text.
///
/// With `required` or a function it is calls whose arguments fit the tools' schemas, and nothing else; a schema then says
/// nothing of it, as there is no answer. With `auto` it is free until a call begins, or with a schema calls and nothing before
/// them, or an answer that fits; the arguments of a tool whose schema cannot be kept are any object. Other constraints say
/// all of the text: what is a call by them is one. With channels (gpt-oss) it is the text of `final`, where no call is read.
package struct TurnConstraint: Sendable {
  /// The tools that may be called, in the form of OpenAI's API.
  package let tools: [JSONValue]
  let choice: ToolChoice
  let allowsSeveral: Bool
  let calls: KeptCalls?
  /// What the answer must be.
  package let answer: OutputConstraint?

  /// Whether calls come at the turn's beginning or not at all.
  var callsComeFirst: Bool { calls?.answer != nil }
}

extension Model {
  /// What a turn must be that may call `tools` as `choice` says, and whose answer must fit `answer`.
  ///
  /// `tools` are given in the form of OpenAI's API. Throws `ApusError.invalidRequest` where a call must come, and there is no
  /// such tool, or its schema cannot be kept, or `answer` says all of the text; it is looked at when it is compiled.
  package func turnConstraint(
    tools: [JSONValue], choice: ToolChoice, allowsSeveral: Bool = true, answer: OutputConstraint? = nil
  ) throws(ApusError) -> TurnConstraint {
    let mustCall = choice != .auto && choice != .none
    if let answer, !answer.leavesRoomForCalls {
      guard !mustCall else {
        throw .invalidRequest(
          field: "tool_choice",
          reason: "tool_choice wants a call, and another field says what the text must be: give one of them")
      }
      return TurnConstraint(tools: tools, choice: choice, allowsSeveral: allowsSeveral, calls: nil, answer: answer)
    }
    let calls = try constraints.calls(
      CallConstraint(tools: tools, choice: choice, allowsSeveral: allowsSeveral),
      besideAnswer: answer != nil && !mustCall)
    let isRead = calls != nil || answer == nil
    return TurnConstraint(
      tools: isRead ? tools : [], choice: choice, allowsSeveral: allowsSeveral, calls: calls,
      answer: mustCall ? nil : answer)
  }

  /// The beginning of such a turn; nil where it is free.
  ///
  /// Its text must show `turnMarks`. `startsInReasoning` says whether the prompt ends within the model's reasoning: then,
  /// and where the model may begin to reason by itself, the turn begins behind that. `field` is the name of what `answer`
  /// came by, for errors. Throws where `answer` cannot be read or kept, and `ApusError.stopped` soon after `shouldStop` says
  /// so.
  package func compile(
    _ turn: TurnConstraint, field: String = "constraint", startsInReasoning: Bool,
    shouldStop: () -> Bool = { false }
  ) throws(ApusError) -> TokenConstraint? {
    let lead = ReasoningLead(chatFormat?.turns.thinking, tokenizer, hasBegun: startsInReasoning)
    do throws(ConstraintError) {
      return try constraints.compile(turn.answer, turn.calls, behind: lead, shouldStop: shouldStop)
    } catch { throw error.of(field) }
  }
}

extension OutputConstraint {
  /// Whether it says what an answer is, and not what all of a turn's text is.
  var leavesRoomForCalls: Bool { if case .jsonSchema = self { true } else { false } }
}
