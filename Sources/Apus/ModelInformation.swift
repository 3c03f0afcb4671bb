internal import ApusCPU
internal import ApusModels
public import ApusSampling
internal import ApusTokenizers

/// What a loaded model is, and how it is set up.
public struct ModelInformation: Sendable, Equatable {
  /// Tensors of one format.
  public struct FormatUse: Sendable, Equatable {
    /// The format's name as model files have it, such as `Q4_K`.
    public let format: String
    /// Tensors in this format.
    public let tensors: Int
    /// Bytes of these tensors.
    public let bytes: Int
  }

  /// The name in the file's metadata; the file's own name where there is none.
  public let name: String
  /// The architecture, such as `llama`.
  public let architecture: String
  /// What the model is made for.
  public let purpose: ModelPurpose
  /// The licence that the file states.
  public let licence: String?
  /// Weights, as numbers.
  public let parameters: Int
  /// The formats of the tensors, the one with most bytes first.
  public let formats: [FormatUse]
  /// Bytes of the file, of all parts together.
  public let fileBytes: Int
  /// Tokens in the vocabulary.
  public let vocabularySize: Int
  /// Tokens that the model was trained for.
  public let trainedContextLength: Int
  /// Tokens that prompt and completion may have together.
  public let contextLength: Int
  /// Sequences that run together at most.
  public let parallel: Int
  /// Bytes that keys, values and states of all sequences may take; the system gives only what is used.
  public let kvMemory: Int
  /// Bytes of memory that the model may take altogether: its weights, `kvMemory`, and the values of a step.
  public let memory: Int
  /// How keys and values are kept.
  public let kvFormat: KVCacheFormat
  /// Whether messages can be turned into a prompt, and why not.
  public internal(set) var chat: ChatSupport
  /// How tokens are chosen where a request does not say: what the file recommends, and the defaults elsewhere.
  public internal(set) var sampling: SamplingOptions
  /// What the file leaves out or has odd, so that results may not be what the model's makers meant; show them.
  public let warnings: [ModelWarning]
  /// The names of the adapters that requests may choose.
  public let adapters: [String]
  /// The level of kernels that computes.
  public let kernels: String
  /// Threads that compute.
  public let threads: Int

  /// Whether messages can be turned into a prompt.
  public var supportsChat: Bool { chat == .supported }
}

extension ModelInformation {
  init(
    _ file: ModelFile, _ vocabulary: Vocabulary, _ backend: CPUBackend.Options, _ options: LoadOptions,
    memory: SequenceMemory, reserved: Int, chat: ChatSupport, sampling: SamplingOptions, warnings: [ModelWarning]
  ) {
    name = file.shownName
    architecture = file.configuration.architecture
    purpose = ModelPurpose(file.configuration.pooling)
    licence = file.licence
    parameters = file.parameterCount
    formats = file.formats.map { FormatUse(format: $0.format, tensors: $0.tensors, bytes: $0.byteCount) }
    fileBytes = file.byteCount
    vocabularySize = vocabulary.count
    trainedContextLength = file.configuration.contextLength
    contextLength = memory.contextLength
    parallel = memory.sequences
    kvMemory = memory.byteCount
    self.memory = reserved
    kvFormat = options.kvFormat
    adapters = options.adapters.map(\.name)
    self.chat = chat
    self.sampling = sampling
    self.warnings = warnings
    kernels = backend.kernels.name
    threads = backend.threads
  }
}

extension ModelFile {
  /// The model's name, or the file's own where it states none.
  var shownName: String { name ?? path.split(separator: "/").last.map(String.init) ?? path }
}
