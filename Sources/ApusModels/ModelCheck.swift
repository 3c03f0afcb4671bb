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
    var runner = try SequenceRunner(loaded.model, positions: 1)
    let first = SequenceRunner.Row(loaded.vocabulary[.beginningOfSequence] ?? 0, position: 0)
    try runner.step(
      [first], wanted: loaded.configuration.pooling == nil ? WantedRows(logits: [0]) : WantedRows(vectors: [0..<1]))
  } catch {
    throw .backend(error)
  }
  return loaded
}
