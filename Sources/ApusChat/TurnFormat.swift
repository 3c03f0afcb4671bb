/// How a model writes a turn: where it thinks, where it answers, how it calls tools.
///
/// Recognised once per model.
package struct TurnFormat: Sendable, Equatable {
  /// What stands around what the model thinks before it answers; nil where the model has no such marks.
  package var thinking: CallSyntax.Marks?
  /// What may stand around the answer.
  package var answer: CallSyntax.Marks?
  /// The ways to write calls, the model's own first.
  package var calls: [CallSyntax] = []
  /// Whether a turn is a row of messages on channels (gpt-oss).
  package var hasChannels = false

  package init() {}

  /// Marks that must come as text where they are tokens of their own.
  package var marks: [String] {
    var texts: [String] = []
    if hasChannels { texts = Channels.marks }
    for marks in [thinking, answer].compactMap({ $0 }) { texts += [marks.open, marks.close] }
    for call in calls { texts += call.marks }
    var unique: [String] = []
    for text in texts.map(\.withoutOuterSpace) where !text.isEmpty && !unique.contains(text) { unique.append(text) }
    return unique
  }

  /// Whether a turn behind this end of a prompt begins in the middle of thinking.
  package func startsInReasoning(after prompt: String) -> Bool {
    guard let open = thinking?.open.withoutOuterSpace, !open.isEmpty, !hasChannels else { return false }
    return prompt.suffix(256).withoutOuterSpace.hasSuffix(open)
  }
}

extension CallSyntax {
  /// The mark that tells that calls begin; `{` or `[` stand for calls without any.
  var opener: String {
    for mark in [section.open, isList ? "[" : "", call.open] {
      let text = mark.withoutOuterSpace
      if !text.isEmpty { return text }
    }
    switch shape {
    case .object: return "{"
    case .named(let named): return named.beforeName.withoutOuterSpace
    }
  }

  /// All marks that are more than punctuation.
  var marks: [String] {
    var marks = [section.open, section.close, call.open, call.close]
    if case .named(let named) = shape {
      marks += [named.beforeName, named.beforeID ?? "", named.beforeArguments, named.afterArguments]
      switch named.arguments {
      case .value(.marked(let mark)): marks.append(mark)
      case .value: break
      case .tagged(let tags): marks += [tags.key.open, tags.key.close, tags.value.open, tags.value.close]
      }
    }
    return marks.filter { $0.utf8.count > 2 }
  }
}

extension Substring {
  var withoutOuterSpace: String { String(self).withoutOuterSpace }
}
