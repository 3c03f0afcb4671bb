internal import Apus
internal import ApusCPU
internal import ApusGGUF
internal import ApusModels
internal import ApusTokenizers
internal import ArgumentParser

/// `apus check`: whether a model file is whole.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a model file completely.",
    discussion: """
      Structure, all shapes, every weight finite, the tokenizer, one step of computing, and a chat template that leaves \
      out no message:

        apus check model.gguf

      What the file leaves out, so that answers may be worse, is a warning on standard error. Says in one line what is wrong. The exit code is 0 for a good file and 1 for a bad one.
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var kernels: KernelOption

  func run() throws {
    let backend = try CPUBackend(.init(threads: Machine.current().threadCount, kernels: kernels.level))
    let bar = ProgressBar("checking")
    defer { bar.finish() }
    let loaded = try checkModel(path: model.path, backend: backend) { bar.update($0, of: $1) }
    bar.finish()
    let review = ModelReview(loaded)
    StandardError.warn(review.warnings)
    if case .refused(let reason)? = review.chat {
      throw Failure("\(model.path): \(reason); run --raw completes a text as it is")
    }
    _ = try PairFormat(loaded, path: model.path)
    let output = Output()
    try output.writeLine("\(model.path): good: \(summary(of: loaded)), \(review.purposeSummary), \(review.chatSummary)")
    try output.flush()
  }

  private func summary(of loaded: LoadedModel) -> String {
    "\(loaded.configuration.architecture), \(loaded.file.tensors.count) tensors, "
      + "\(readable(bytes: loaded.file.byteCount)), \(loaded.vocabulary.count) tokens"
  }
}
