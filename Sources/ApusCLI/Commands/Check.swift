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
      Structure, all shapes, every weight finite, the tokenizer, the chat template, and one step of computing:

        apus check model.gguf

      Says in one line what is wrong. The exit code is 0 for a good file and 1 for a bad one.
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var kernels: KernelOption

  func run() throws {
    let backend = try CPUBackend(.init(threads: Machine.current().threadCount, kernels: kernels.level))
    let bar = ProgressBar("checking")
    defer { bar.finish() }
    let loaded = try checkModel(path: model.path, backend: backend) { bar.update($0, of: $1) }
    bar.finish()
    if let source = loaded.chatTemplate {
      do {
        _ = try ChatTemplate(source: source)
      } catch {
        throw Failure("\(model.path): \(error)")
      }
    }
    let output = Output()
    try output.writeLine("\(model.path): good: \(summary(of: loaded))")
    try output.flush()
  }

  private func summary(of loaded: LoadedModel) -> String {
    let template = loaded.chatTemplate == nil ? "no chat template" : "a chat template"
    return "\(loaded.configuration.architecture), \(loaded.file.tensors.count) tensors, "
      + "\(readable(bytes: loaded.file.byteCount)), \(loaded.vocabulary.count) tokens, \(template)"
  }
}
