package import ApusCore
internal import ApusTokenizers

/// Validates a whole model file: structure, configuration, all shapes, every weight finite, a tokenizer that builds,
/// and finite logits, or a vector, after one token.
///
/// Throws the first problem. Reads the whole file once; the chat template is returned, not compiled.
package func checkModel(
  path: String, backend: any Backend, progress: LoadProgress? = nil
) throws(ModelError) -> LoadedModel {
  var options = LanguageModel.Options()
  options.maxBatchRows = 1
  options.verifiesWeights = true
  let loaded = try loadModel(path: path, backend: backend, options: options, progress: progress)
  do throws(BackendError) {
    if loaded.configuration.pooling != nil {
      try checkEmbedding(loaded, try loaded.model.makeKVCache(format: .f16, positions: 1))
      return loaded
    }
    var runner = try SequenceRunner(loaded.model, positions: 1)
    try runner.step([loaded.vocabulary[.beginningOfSequence] ?? 0], at: 0, logitRows: [0])
  } catch {
    throw .backend(error)
  }
  return loaded
}

/// Computes the vector or scores of one token.
private func checkEmbedding(_ loaded: LoadedModel, _ cache: KVCache) throws(BackendError) {
  let token = loaded.vocabulary[.beginningOfSequence] ?? 0
  do throws(EmbeddingError) {
    for result in try loaded.model.embed([[token]], cache: cache) {
      if case .failure(let error) = result { throw .backend(error) }
    }
  } catch {
    if case .backend(let error) = error { throw error }
    preconditionFailure("a model that pools takes one token")
  }
}
