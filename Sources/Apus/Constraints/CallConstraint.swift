internal import ApusChat
internal import ApusGrammar
internal import ApusJSON

/// Which tools an answer may or must call.
struct CallConstraint: Sendable {
  /// Their definitions, in the form of OpenAI's API.
  let tools: [JSONValue]
  let choice: ToolChoice
  let allowsSeveral: Bool

  /// What tells it from others in a cache.
  var key: ConstraintCache<CompiledGrammar, ApusError>.Key {
    let bytes = JSONValue.array(tools).serialized(.compact)
    return .init(kind: "calls \(choice) \(allowsSeveral)", bytes: bytes)
  }

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
    let grammar = try turns.callGrammar(
      tools: tools, choice: choice, allowsSeveral: allowsSeveral, marks: marks, keepsSchemas: keepsSchemas)
    do throws(GrammarError) { return try CompiledGrammar(grammar) } catch {
      throw CallGrammarError(tool: nil, "the tools' parameters cannot be kept: \(error.description)")
    }
  }
}
