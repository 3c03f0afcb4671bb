package import ApusJSON
internal import ApusTemplates
internal import ApusText

/// How a conversation becomes a prompt, beside what it says.
package struct PromptOptions: Sendable, Equatable {
  /// Whether a model thinks before it answers, where its template can switch that.
  package enum Thinking: Sendable, Equatable {
    case off
    case on
    /// On, with so much of it: `low`, `medium` or `high`.
    case effort(String)

    /// The efforts that templates know.
    package static let efforts = ["low", "medium", "high"]
  }

  /// Whether the beginning of the model's answer is added.
  package var addsGenerationPrompt = true
  /// Whether the last message is left open, so that the answer goes on with it; then no new answer begins.
  package var continuesLastMessage = false
  /// Nil leaves it to the template.
  package var thinking: Thinking?
  /// Tokens that it may think; nil for any number.
  package var thinkingBudget: Int?
  /// Further variables for the template.
  package var variables = JSONObject()

  package init() {}

  /// Tokens that it may think, none where it is not to: then a model whose template has no switch ends at once.
  package var thinkingLimit: Int? { thinking == .off ? 0 : thinkingBudget }

  /// The first of `variables` that is none of those that known templates read; nil where all of them are.
  ///
  /// Others must not be set by a request: they may be what a template takes for its own.
  package var refusedVariable: String? {
    variables.keys.first { !ChatTemplate.requestVariables.contains($0) }
  }

  /// What the template gets; of a variable that is set twice the request's own counts.
  ///
  /// Families have different names for the switch, and ignore those of others.
  var templateVariables: [(name: String, value: JSONValue)] {
    var all = JSONObject()
    if let thinking {
      let isOn = thinking != .off
      for name in ["enable_thinking", "thinking"] { all[name] = .bool(isOn) }
      switch thinking {
      case .effort(let effort): all["reasoning_effort"] = .string(effort)
      // Where there is no off, it is the least.
      case .off: all["reasoning_effort"] = .string(Self.Thinking.efforts[0])
      case .on: break
      }
    }
    if let thinkingBudget { all["thinking_budget"] = .int(thinkingBudget) }
    for (name, value) in zip(variables.keys, variables.values) { all[name] = value }
    return zip(all.keys, all.values).map { (name: $0, value: $1) }
  }
}

extension PromptText {
  /// The prompt up to the end of `message`, which stands last in it; nil where it does not stand there.
  ///
  /// Templates may leave out the space around a message.
  func upToEnd(of message: String) -> PromptText? {
    let bytes = message.utf8.drop(while: isWhiteSpace)
    let trimmed = Array(bytes.prefix(bytes.count - bytes.reversed().prefix(while: isWhiteSpace).count))
    for text in [Array(message.utf8), trimmed] where !text.isEmpty {
      if let start = utf8.positions(of: text, limit: 1, fromEnd: true).first { return prefix(start + text.count) }
    }
    return nil
  }

  private func prefix(_ count: Int) -> PromptText {
    let ranges = templateRanges.filter { $0.lowerBound < count }.map { $0.clamped(to: 0..<count) }
    return PromptText(utf8: Array(utf8[..<count]), templateRanges: ranges)
  }
}
