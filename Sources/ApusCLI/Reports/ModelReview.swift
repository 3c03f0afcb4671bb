internal import Apus
internal import ApusGGUF
internal import ApusModels
internal import ApusTokenizers

/// What is to be said about a model file beside what stands in it: whether it can chat, and what it leaves out.
struct ModelReview {
  /// Whether messages become a prompt; nil for files without a vocabulary that is known here.
  private(set) var chat: ChatSupport?
  /// Roles whose messages the chat template leaves out.
  private(set) var droppedRoles: [String] = []
  /// What the file leaves out or has odd, a line each.
  private(set) var warnings: [String] = []

  /// Looks at any file; what cannot be used is a warning.
  init(_ file: GGUFFile) {
    guard file.metadata.value("tokenizer.ggml.model") != nil else { return }
    do {
      let vocabulary = try makeTokenizer(file).vocabulary
      let template = ChatTemplateSource(file.metadata)
      warnings = LoadWarning.all(about: vocabulary, template, path: file.paths[0]).map(\.description)
      look(at: template, vocabulary)
    } catch {
      warnings = ["the file's vocabulary cannot be used here: \(error)"]
    }
  }

  /// Looks at a loaded model.
  init(_ loaded: LoadedModel) {
    warnings = loaded.warnings.map(\.description)
    look(at: loaded.chatTemplate, loaded.vocabulary)
  }

  private mutating func look(at template: ChatTemplateSource, _ vocabulary: Vocabulary) {
    let format = ChatFormat(template: template, vocabulary, localTime: systemLocalTime)
    chat = format?.support ?? .noTemplate
    droppedRoles = format?.droppedRoles ?? []
  }

  /// In a few words, whether the model can chat.
  var chatSummary: String {
    switch chat {
    case nil: "not known"
    case .noTemplate?: "no chat template"
    case .refused(let reason)?: reason
    case .supported? where droppedRoles.isEmpty: "a chat template"
    case .supported?: "a chat template without \(droppedRoles.joined(separator: " and ")) messages"
    }
  }
}

extension StandardError {
  /// Shows a person what is wrong with a model file that can be used all the same.
  static func warn(_ warnings: some Sequence<some CustomStringConvertible>) {
    for warning in warnings { write("Warning: \(Terminal.harmless(warning.description))\n") }
  }
}
