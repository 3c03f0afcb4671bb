package import ApusGrammar
package import ApusJSON

extension TurnFormat {
  /// The grammar of an answer that may or must call tools; not for `none`, nor for `auto` without tools.
  ///
  /// With `required` it is one of whole turns: calls and nothing else, one or, where the format and `allowsSeveral` have it
  /// so, several. A function that is named is called once: those who name one take one call, and a weak model that may go
  /// on goes on to the end of the context. With `auto` a turn is any text in which, once a call has certainly begun,
  /// nothing but calls follows. A model's reasoning comes before all that, except on channels.
  ///
  /// Throws where a call must come and a tool's schema or name cannot be kept. With `auto` the arguments of such a tool are
  /// any object, and of all tools unless `keepsSchemas`.
  package func callGrammar(
    tools definitions: [JSONValue], choice: ToolChoice, allowsSeveral: Bool, marks: MarkTexts,
    keepsSchemas: Bool = true
  ) throws(CallGrammarError) -> Grammar {
    let tools = CallGrammar.tools(definitions)
    switch choice {
    case .none, .auto:
      var writer = CallGrammar(tools, marks, isLenient: true, keepsSchemas: keepsSchemas)
      return writer.end(try writer.anyTurn(self, allowsSeveral: allowsSeveral))
    case .required: return try turn(tools, allowsSeveral, marks)
    case .function(let name):
      let named = tools.filter { $0.name.utf8.elementsEqual(name.utf8) }
      guard !named.isEmpty else {
        throw CallGrammarError(tool: name, "it must be called, but no tool has this name", isAboutChoice: true)
      }
      return try turn(named, false, marks)
    }
  }

  /// The grammar of turns that are calls and nothing else, for a turn that may be an answer of another grammar as well.
  ///
  /// As with `auto`: all ways of the format count, and the arguments of a tool whose schema cannot be kept are any object.
  /// Where a text may be both, `answerText` decides.
  package func callGrammar(
    besideAnswer definitions: [JSONValue], allowsSeveral: Bool, marks: MarkTexts, keepsSchemas: Bool = true
  ) throws(CallGrammarError) -> Grammar {
    var writer = CallGrammar(CallGrammar.tools(definitions), marks, isLenient: true, keepsSchemas: keepsSchemas)
    return writer.end(try writer.callTurn(self, allowsSeveral: allowsSeveral))
  }

  /// The texts that are an answer where calls of `callGrammar(besideAnswer:)` may come too.
  ///
  /// No call has certainly begun where they begin: a mark, or without one a tool's name where the name of a call stands.
  package func answerText(besideCallsOf definitions: [JSONValue], marks: MarkTexts) -> Grammar {
    let writer = CallGrammar(CallGrammar.tools(definitions), marks, isLenient: true)
    return Grammar(writer.answerText(self))
  }

  /// The grammar of turns whose answer is a text of `answer`, behind the reasoning that its channels have, if any.
  package func grammar(ofAnswer answer: Grammar, marks: MarkTexts) -> Grammar {
    guard hasChannels else { return answer }
    var writer = CallGrammar([], marks, isLenient: true)
    let answer = writer.take(answer)
    return writer.end([writer.channelAnswer(answer)])
  }

  /// In the first of the format's ways that can be kept.
  private func turn(
    _ tools: [CallGrammar.Tool], _ allowsSeveral: Bool, _ marks: MarkTexts
  ) throws(CallGrammarError) -> Grammar {
    guard !tools.isEmpty else {
      throw CallGrammarError(tool: nil, "a tool must be called, but there is none", isAboutChoice: true)
    }
    var first: CallGrammarError?
    for syntax in calls {
      var writer = CallGrammar(tools, marks, isLenient: false)
      do throws(CallGrammarError) {
        if hasChannels { return writer.end([try writer.channelCall()]) }
        let opening = writer.text(CallGrammar.head(syntax).joined())
        let calls = try writer.calls(syntax, opening: opening, space: .sequence([]), allowsSeveral: allowsSeveral)
        return writer.end([calls])
      } catch { first = first ?? error }
    }
    throw first ?? CallGrammarError(tool: nil, "this model has no form of calls")
  }
}
