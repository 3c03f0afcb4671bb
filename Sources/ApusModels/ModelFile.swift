package import ApusCore
internal import ApusGGUF

/// A model file, opened and its metadata checked, before its weights are taken into use.
package struct ModelFile: Sendable {
  /// Tensors of one format.
  package struct FormatUse: Sendable, Equatable {
    package let format: String
    package let tensors: Int
    package let byteCount: Int
  }

  package let configuration: ModelConfiguration
  let file: GGUFFile

  /// Opens the file at `path`, all parts of a split model included.
  package init(path: String, mode: FileReadMode = .mapped) throws(ModelError) {
    do throws(GGUFError) {
      file = try GGUFFile.open(path: path, mode: mode)
    } catch {
      throw .file(error)
    }
    configuration = try ModelConfiguration(file)
  }

  /// The first part's path.
  package var path: String { file.paths[0] }
  /// Bytes of all parts.
  package var byteCount: Int { file.byteCount }
  /// The model's name, where the file states one.
  package var name: String? { text("general.name") }
  /// The model's licence, where the file states one.
  package var licence: String? { text("general.license") }
  /// Weights, as numbers.
  package var parameterCount: Int { file.tensors.reduce(0) { $0 &+ $1.elementCount } }
  /// A watch over the file, all parts of a split model included.
  package func watch() -> FileWatch { file.watch() }

  /// The formats of the tensors, the one with most bytes first.
  package var formats: [FormatUse] {
    var uses: [String: (tensors: Int, byteCount: Int)] = [:]
    for tensor in file.tensors {
      uses[tensor.type.name, default: (0, 0)].tensors += 1
      uses[tensor.type.name, default: (0, 0)].byteCount += tensor.byteCount
    }
    return uses.map { FormatUse(format: $0.key, tensors: $0.value.tensors, byteCount: $0.value.byteCount) }
      .sorted { ($1.byteCount, $0.format) < ($0.byteCount, $1.format) }
  }

  /// What `use` of the model takes in memory; nil where it is not possible at all.
  package func footprint(_ use: ModelFootprint.Use) -> ModelFootprint? { ModelFootprint(file, configuration, use) }

  /// The largest context that fits `budget` bytes, as `ModelFootprint` has it.
  package func largestContext(_ use: ModelFootprint.Use, budget: Int) -> Int? {
    ModelFootprint.largestContext(file, configuration, use, budget: budget)
  }

  /// What steps of the model must move and multiply.
  package var work: ModelWork { ModelWork(file, configuration) }

  /// Takes the network into use, without its tokenizer.
  package func loadNetwork(
    backend: any Backend, options: LanguageModel.Options = LanguageModel.Options()
  ) throws(ModelError) -> LanguageModel {
    try LanguageModel(file, backend: backend, options: options)
  }

  /// Takes the weights into use.
  package func load(
    backend: any Backend, options: LanguageModel.Options = LanguageModel.Options(), progress: LoadProgress? = nil
  ) throws(ModelError) -> LoadedModel {
    try checkRoom()
    let model = try LanguageModel(file, backend: backend, options: options, progress: progress)
    return LoadedModel(model: model, tokenizer: try makeTokenizer(file), file: file)
  }

  /// Looks for memory that tables of the vocabulary will need: Swift's arrays end the process where there is none.
  func checkRoom() throws(ModelError) {
    do throws(BackendError) {
      _ = try AlignedBuffer(byteCount: Self.roomByteCount, for: "the vocabulary")
    } catch {
      throw .backend(error)
    }
  }

  /// More than the tables of 50,000 tokens take.
  private static let roomByteCount = 24 << 20

  /// A text of the metadata; an empty one, and one of another type, say nothing.
  private func text(_ key: String) -> String? {
    guard let text = try? file.metadata.string(key), !text.isEmpty else { return nil }
    return text
  }
}
