package import ApusGGUF
package import ApusTokenizers

/// What a model file has for a chat template, not yet compiled.
package enum ChatTemplateSource: Sendable {
  /// Nothing at all.
  case absent
  /// An entry without any text.
  case blank
  /// A template.
  case text(String)
  /// Only templates for special uses, such as `rag` and `tool_use`, and none for a conversation.
  case onlyNamed([String])
  /// An entry that is no text; `reason` is a sentence.
  case unreadable(reason: String)

  /// What the metadata of a model file have.
  package init(_ metadata: GGUFMetadata) {
    do throws(GGUFError) {
      if let text = try metadata.string(Self.key) {
        self = text.unicodeScalars.allSatisfy(\.properties.isWhitespace) ? .blank : .text(text)
        return
      }
    } catch {
      self = .unreadable(reason: error.description)
      return
    }
    let prefix = Self.key + "."
    let names = metadata.keys.filter { $0.utf8.starts(with: prefix.utf8) }.map { String($0.dropFirst(prefix.count)) }
    self = names.isEmpty ? .absent : .onlyNamed(names)
  }

  /// Whether ChatML stands in for it: there is no template, and the vocabulary has ChatML's tokens.
  package func isReplacedByChatML(_ vocabulary: Vocabulary) -> Bool {
    switch self {
    case .absent, .blank: vocabulary.knowsChatML
    case .text, .onlyNamed, .unreadable: false
    }
  }

  private static let key = "tokenizer.chat_template"
}
