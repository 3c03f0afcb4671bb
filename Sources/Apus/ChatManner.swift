internal import ApusTemplates
internal import ApusTokenizers

/// How a model chats: its template, the marks of its turns, and what was compiled for them.
///
/// Holds nothing of the model's weights, so it may outlive them.
package struct ChatManner: Sendable {
  /// The most bytes of a prompt that a template can make.
  package static let promptByteLimit = TemplateLimits.textByteCount

  let format: ChatFormat?
  let turnMarks: Set<Token>
  let constraints: ConstraintCompiler

  init(_ format: ChatFormat?, _ tokenizer: Tokenizer) {
    self.format = format
    let marks = format?.turns.marks.compactMap { tokenizer.vocabulary.token(of: $0) } ?? []
    turnMarks = Set(marks).subtracting(tokenizer.vocabulary.endOfGeneration)
    constraints = ConstraintCompiler(tokenizer, format?.turns, showing: turnMarks)
  }

  /// How `model` chats with another template than its own; whether it takes messages, `ModelInformation.chat` tells.
  init(template: String, of model: Model) {
    self.init(
      ChatFormat(template: .text(template), model.tokenizer.vocabulary, localTime: systemLocalTime), model.tokenizer)
  }

  /// Why a text is no template, as far as that is known without a model; nil where it is one.
  package static func fault(inTemplate text: String) -> String? {
    do throws(TemplateError) {
      _ = try ChatTemplate(source: text)
      return nil
    } catch { return error.description }
  }
}
