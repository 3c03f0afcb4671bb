internal import ApusModels
package import ApusSampling

/// What requests to a model can count on: as it was loaded last, or as it would be.
package struct ModelSetup: Sendable, Equatable {
  /// The name in the file's metadata; the file's own name where there is none.
  package let name: String
  /// The format of most of its bytes.
  package let format: String
  /// Tokens that prompt and completion may have together.
  package let contextLength: Int
  /// Sequences that run together at most; of a model that was never loaded those that are wanted.
  package let parallel: Int
  /// How tokens are chosen where a request does not say.
  package let sampling: SamplingOptions
  package let tokenizer: TokenizerDescription

  init(_ model: Model) {
    let information = model.information
    name = information.name
    format = information.formats.first?.format ?? ""
    (contextLength, parallel) = (information.contextLength, information.parallel)
    sampling = information.sampling
    tokenizer = model.tokenizerDescription
  }

  /// Reads the header of a model's file, which takes time with its vocabulary.
  init(_ source: ModelPool.Source) throws(ApusError) {
    do throws(ModelError) {
      let file = try ModelFile(path: source.path)
      let vocabulary = try file.vocabulary()
      name = file.shownName
      format = file.formats.first?.format ?? ""
      contextLength = source.options.contextLength(for: file)
      parallel = source.options.parallel ?? LoadOptions.defaultParallel
      sampling = file.sampling.options
      tokenizer = TokenizerDescription(
        vocabulary,
        chatTemplate: ChatFormat(template: file.chatTemplate, vocabulary, localTime: systemLocalTime)?.source)
    } catch {
      throw .cannotLoad(path: source.path, reason: error.description)
    }
  }
}
