internal import ApusChat
internal import ApusGrammar
internal import ApusJSON

/// Which tools an answer may or must call.
struct CallConstraint: Sendable {
  /// Their definitions, in the form of OpenAI's API.
  let tools: [JSONValue]
  let choice: ToolChoice
  let allowsSeveral: Bool
  var part = Part.turn

  /// What of a turn is kept.
  enum Part: Sendable {
    /// All of it.
    case turn
    /// Its calls, where it is an answer of a constraint or calls.
    case calls
    /// What an answer may be there besides what the constraint says.
    case answer
  }

  /// What tells it from others in a cache.
  var key: ConstraintCache<CompiledGrammar, ApusError>.Key {
    let bytes = JSONValue.array(tools).serialized(.compact)
    return .init(kind: "\(part) \(choice) \(allowsSeveral)", bytes: bytes)
  }

  /// The most steps that compiling may take, in addition to what writing the grammar took.
  private static let stepLimit = 250_000

  /// Throws where a call must come and cannot be kept in form.
  func compiled(_ turns: TurnFormat, _ marks: MarkTexts) throws(ApusError) -> CompiledGrammar {
    do throws(CallGrammarError) {
      return try compiled(turns, marks, keepsSchemas: true)
    } catch {
      // Together schemas may be too much where each of them is not.
      if choice == .auto, let compiled = try? compiled(turns, marks, keepsSchemas: false) { return compiled }
      throw ApusError.invalidRequest(field: error.isAboutChoice ? "tool_choice" : "tools", reason: error.description)
    }
  }

  private func compiled(
    _ turns: TurnFormat, _ marks: MarkTexts, keepsSchemas: Bool
  ) throws(CallGrammarError) -> CompiledGrammar {
    let grammar = try grammar(turns, marks, keepsSchemas: keepsSchemas)
    var limits = GrammarLimits()
    limits.steps = Self.stepLimit
    do throws(GrammarError) { return try CompiledGrammar(grammar, limits: limits) } catch {
      throw CallGrammarError(tool: nil, "the tools' parameters cannot be kept: \(error.description)")
    }
  }

  private func grammar(
    _ turns: TurnFormat, _ marks: MarkTexts, keepsSchemas: Bool
  ) throws(CallGrammarError) -> Grammar {
    switch part {
    case .turn:
      try turns.callGrammar(
        tools: tools, choice: choice, allowsSeveral: allowsSeveral, marks: marks, keepsSchemas: keepsSchemas)
    case .calls:
      try turns.callGrammar(
        besideAnswer: tools, allowsSeveral: allowsSeveral, marks: marks, keepsSchemas: keepsSchemas)
    case .answer: turns.answerText(besideCallsOf: tools, marks: marks)
    }
  }
}
