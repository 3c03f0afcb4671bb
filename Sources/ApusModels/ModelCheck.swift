package import ApusCore
internal import ApusTokenizers

/// Validates a whole model file: structure, configuration, all shapes, every weight finite, a tokenizer that builds,
/// and finite logits after one token.
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
    try runner.step([loaded.vocabulary[.beginningOfSequence] ?? 0], at: 0, logitRows: [0])
  } catch {
    throw .backend(error)
  }
  return loaded
}
