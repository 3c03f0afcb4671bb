internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTokenizers
internal import ArgumentParser

/// The model that a command is about.
struct ModelArgument: ParsableArguments {
  @Argument(
    help: "The model: a GGUF file (any part of a split one), or the name of one in the model folder.",
    completion: .file(extensions: ["gguf"]))
  var model: String

  /// The file's path.
  var path: String { ModelFolder.resolve(model) }

  /// The file, opened and its structure checked; of any architecture, and with or without tensors.
  func open() throws(GGUFError) -> GGUFFile { try GGUFFile.open(path: path) }

  /// The tokenizer that the file describes; what the file leaves out about it goes to standard error.
  func tokenizer() throws -> Tokenizer {
    let file = try open()
    let tokenizer = try makeTokenizer(file)
    StandardError.warn(ModelWarning.warnings(about: tokenizer.vocabulary, path: file.paths[0]))
    return tokenizer
  }
}
