internal import ApusGGUF
internal import ApusJSON
internal import ArgumentParser

/// `apus inspect`: what a model file holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what a model file holds.",
    discussion: """
      Metadata, formats, tensors, chat template and licence of any GGUF file, also of models that cannot be run here:

        apus inspect model.gguf
      """)

  @OptionGroup var model: ModelArgument
  @Flag(help: "Answer in JSON, with all metadata but long arrays in full.") var json = false

  func run() throws {
    let file = try model.open()
    let output = Output()
    if json {
      try output.write(FileDescription(file).json.pretty)
    } else {
      try FileListing(file).write(to: output)
    }
    try output.flush()
  }
}
