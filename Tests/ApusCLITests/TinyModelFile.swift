internal import ApusTestSupport

/// A file with a tiny model, in a folder of its own that is gone with it.
struct TinyModelFile {
  let folder: TemporaryFolder
  let path: String

  init(_ model: TinyModel = TinyModel()) throws {
    folder = try TemporaryFolder()
    path = folder.path("tiny.gguf")
    try model.write(to: path)
  }
}
