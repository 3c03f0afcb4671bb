internal import Apus
internal import ApusGGUF
internal import ApusModels
internal import ApusText
internal import ApusTokenizers

/// What is to be said about a model file beside what stands in it: what the model is made for, whether it can chat, and
/// what the file leaves out.
struct ModelReview {
  /// What the model is made for; nil for one that cannot be run here.
  let purpose: ModelPurpose?
  /// Whether messages become a prompt; nil for files without a vocabulary that is known here.
  private(set) var chat: ChatSupport?
  /// Roles whose messages the chat template leaves out.
  private(set) var droppedRoles: [String] = []
  /// Whether ChatML stands in for a template of the file's own.
  private var usesChatML = false
  /// What the file leaves out or has odd.
  private(set) var warnings: [ModelWarning] = []
  /// Why the file's vocabulary cannot be used, where that is so.
  private var vocabularyProblem: String?

  /// Looks at any file; what cannot be used is a warning.
  init(_ file: GGUFFile) {
    purpose = (try? ModelConfiguration(file)).map { ModelPurpose($0.pooling) }
    guard file.metadata.value("tokenizer.ggml.model") != nil else { return }
    do {
      let vocabulary = try makeTokenizer(file).vocabulary
      let (template, path) = (ChatTemplateSource(file.metadata), file.paths[0])
      look(
        at: template, vocabulary,
        ModelWarning.all(about: vocabulary, template, path: path)
          + ModelWarning.warnings(about: RecommendedSampling(file.metadata), path: path))
    } catch {
      vocabularyProblem = "the file's vocabulary cannot be used here: \(error)"
    }
  }

  /// Looks at a loaded model.
  init(_ loaded: LoadedModel) {
    purpose = ModelPurpose(loaded.configuration.pooling)
    look(at: loaded.chatTemplate, loaded.vocabulary, loaded.warnings)
  }

  private mutating func look(at template: ChatTemplateSource, _ vocabulary: Vocabulary, _ found: [ModelWarning]) {
    guard generatesText else {
      // No chat template is needed, whatever the file has, and no token is chosen.
      warnings = found.filter { $0.topic == .vocabulary }
      return
    }
    warnings = found
    let format = ChatFormat(template: template, vocabulary, localTime: systemLocalTime)
    chat = format?.support ?? .noTemplate
    droppedRoles = format?.droppedRoles ?? []
    usesChatML = template.isReplacedByChatML(vocabulary)
  }

  /// What is to be said, a line each.
  var lines: [String] { vocabularyProblem.map { [$0] } ?? warnings.lines }

  private var generatesText: Bool { purpose == nil || purpose == .generation }

  /// In a few words, what the model is made for.
  var purposeSummary: String {
    switch purpose {
    case nil: "not known: the model cannot be run here"
    case .generation?: "generates text"
    case .embedding(let dimensions)?: "makes embeddings of \(dimensions) values"
    case .ranking(let labels)? where labels.isEmpty: "ranks texts for a query"
    case .ranking(let labels)?:
      "ranks texts for a query, with scores for \(printable(labels.joined(separator: ", "), limit: 100))"
    }
  }

  /// In a few words, whether the model can chat.
  var chatSummary: String {
    if !generatesText { return "no chat" }
    return switch chat {
    case nil: "not known"
    case .noTemplate?: "no chat template"
    case .refused(let reason)?: reason
    case .supported? where usesChatML: "ChatML in place of its own template"
    case .supported? where droppedRoles.isEmpty: "a chat template"
    case .supported?: "a chat template without \(rolesLeftOut) messages"
    }
  }

  /// The roles that the template leaves out, as a sentence names them.
  private var rolesLeftOut: String {
    let parts = [droppedRoles.dropLast().joined(separator: ", "), droppedRoles.last ?? ""]
    return parts.filter { !$0.isEmpty }.joined(separator: " and ")
  }
}

extension StandardError {
  /// Shows a person what is wrong with a model file that can be used all the same.
  static func warn(_ warnings: [ModelWarning]) {
    for line in warnings.lines { write("Warning: \(Terminal.harmless(line))\n") }
  }
}

extension [ModelWarning] {
  /// A line each; advice that the next one gives too is left to that.
  var lines: [String] {
    indices.map { index in
      let (warning, next) = (self[index], index + 1 < count ? self[index + 1] : nil)
      return next?.advice == warning.advice ? "\(warning.path): \(warning.finding)" : warning.description
    }
  }
}
