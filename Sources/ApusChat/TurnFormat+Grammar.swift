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
