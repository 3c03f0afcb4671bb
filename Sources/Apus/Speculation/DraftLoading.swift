internal import ApusCore
internal import ApusModels
internal import ApusTokenizers

/// A draft model's file, found to be one that a draft can be made of.
struct DraftFile {
  let file: ModelFile

  /// Opens the file; throws where it is no model, or of a kind that does not draft.
  init(path: String, mode: FileReadMode, for model: ModelFile) throws(ApusError) {
    do throws(ModelError) {
      file = try ModelFile(path: path, mode: mode)
    } catch {
      throw .cannotLoad(path: path, reason: error.description)
    }
    if file.configuration.pooling != nil || model.configuration.pooling != nil {
      throw Self.refusal("is for models that generate text, and one of the two makes embeddings")
    }
    if !file.configuration.states.isEmpty {
      throw Self.refusal(
        "is of the architecture \(file.configuration.architecture), which has recurrent layers: use one without")
    }
  }

  /// Takes the network into use, and compares the vocabularies.
  func load(
    backend: any Backend, for model: LoadedModel, _ memory: SequenceMemory, isWatched: Bool
  ) throws(ApusError) -> DraftModel {
    var options = LanguageModel.Options()
    options.maxBatchRows = DraftBudget.mostRows
    options.contextLength = contextLength(memory.contextLength)
    let loaded: LoadedModel
    do throws(ModelError) {
      loaded = try file.load(backend: backend, options: options)
    } catch {
      throw .cannotLoad(path: file.path, reason: error.description)
    }
    try Self.compare(model.vocabulary, loaded.vocabulary)
    return DraftModel(
      model: loaded.model, vocabularySize: loaded.configuration.vocabularySize,
      contextLength: contextLength(memory.contextLength), blocks: memory.draftBlocks,
      watch: isWatched ? file.watch() : nil)
  }

  /// Tokens that it can take of a sequence of at most `length`.
  func contextLength(_ length: Int) -> Int { min(length, file.configuration.contextLength) }

  /// Throws at the first token that is another one in the draft model.
  private static func compare(_ own: Vocabulary, _ draft: Vocabulary) throws(ApusError) {
    for token in 0..<min(own.count, draft.count) {
      if own.texts[token] != draft.texts[token] {
        let texts = [own, draft].map { String(reflecting: String(decoding: $0.texts[token].prefix(40), as: UTF8.self)) }
        throw refusal("has another vocabulary: token \(token) is \(texts[1]), and \(texts[0]) in the model")
      }
      if let kind = own.kind(of: Token(token)), let other = draft.kind(of: Token(token)), kind != other {
        throw refusal("has another vocabulary: token \(token) is of the kind \(other), and \(kind) in the model")
      }
    }
  }

  private static func refusal(_ reason: String) -> ApusError {
    .invalidOption(name: "draft", reason: "draft \(reason)")
  }
}

// What it takes of the memory.
extension DraftFile {
  /// Bytes beside keys and values, with contexts of at most `length` tokens; nil where they overflow.
  func fixedByteCount(_ length: Int) -> Int? {
    var use = ModelFootprint.Use(context: contextLength(length))
    use.maxBatchRows = DraftBudget.mostRows
    return file.footprint(use).map { $0.total - $0.kvCache }
  }

  /// Bytes of a KV block; nil where they overflow.
  var blockByteCount: Int? {
    file.configuration.kvCacheLayout(format: .f16, positions: KVCacheLayout.blockPositions)?.blockPoolByteCount
  }
}
