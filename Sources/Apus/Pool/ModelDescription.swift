internal import ApusChat
package import ApusModels
internal import ApusTemplates

/// What a model's file says of it: known whether the model is loaded or not.
package struct ModelDescription: Sendable {
  /// Whether these paths are those of one model: one file, or parts of one split model.
  package static func areOneModel(_ paths: [String]) -> Bool { ModelFile.areOneModel(paths) }

  package let architecture: String
  package let purpose: ModelPurpose
  package let licence: String?
  /// Weights, as numbers.
  package let parameters: Int
  /// The format of most of its bytes.
  package let format: String
  /// Bytes of the file.
  package let byteCount: Int
  /// Tokens that the model was trained for.
  package let trainedContextLength: Int
  /// Values of one token's activations, and of vectors that are made of them.
  package let hiddenSize: Int
  /// When the file was last written, renamed or given other rights, in seconds since 1970.
  package let changeTime: Int
  /// The chat template; nil where there is none that could be used.
  package let template: String?
  /// Whether the model marks what it thinks before it answers.
  package let thinks: Bool
  /// The file's metadata, as far as they are single values.
  package let facts: [(key: String, value: ModelFact?)]
  /// A digest that tells the files of different models apart.
  package let sample: UInt64

  /// Reads the header of the file at `path` and a few pages of each tensor.
  ///
  /// Takes some milliseconds, more for a large vocabulary.
  package init(path: String) throws(ApusError) {
    do throws(ModelError) {
      self.init(try ModelFile(path: path))
    } catch {
      throw .cannotLoad(path: path, reason: error.description)
    }
  }

  init(_ file: ModelFile) {
    architecture = file.configuration.architecture
    purpose = ModelPurpose(file.configuration.pooling)
    licence = file.licence
    parameters = file.parameterCount
    format = file.formats.first?.format ?? ""
    byteCount = file.byteCount
    trainedContextLength = file.configuration.contextLength
    hiddenSize = file.configuration.hiddenSize
    changeTime = file.changeTime
    facts = file.facts
    sample = file.sample
    if case .text(let source) = file.chatTemplate, let compiled = try? ChatTemplate(source: source) {
      let turns = TurnFormat(source: source, template: compiled)
      template = source
      thinks = turns.thinking != nil || turns.hasChannels
    } else {
      template = nil
      thinks = false
    }
  }
}
