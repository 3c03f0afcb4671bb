/// How keys and values are kept in memory.
public enum KVCacheFormat: String, CaseIterable, Sendable {
  /// Two bytes a value: the most exact.
  case f16
  /// 34 bytes for 32 values: half the memory, for heads of whole 32 values.
  case q8_0
}

/// How a model is set up; the defaults suit most machines.
public struct LoadOptions: Sendable, Equatable {
  /// Threads that compute; nil takes as many as this process may use.
  public var threads: Int?
  /// Tokens that prompt and completion may have together; nil takes the model's own length, at most 4096.
  public var contextLength: Int?
  /// How keys and values are kept.
  public var kvFormat: KVCacheFormat
  /// The level of kernels, such as `avx2`; nil takes the best that the machine can run.
  public var kernels: String?
  /// Whether OpenBLAS multiplies prompts with F32, F16 and BF16 weights.
  ///
  /// Their results then depend, in the last bits, on how a prompt is cut and on what shares a batch.
  public var usesBLAS: Bool
  /// Whether each thread but the first stays on a CPU of its own (Linux).
  ///
  /// Steadier on a machine that Apus has alone, slower beside other work.
  public var pinsThreads: Bool
  /// Sequences that run together at most, sharing `kvMemory`; nil takes 16.
  public var parallel: Int?
  /// Bytes for the keys, values and states of all sequences together; nil takes what the machine and its control group
  /// leave beside the weights, at most `parallel` whole contexts.
  ///
  /// At least one whole context must fit. The system gives only what is used.
  public var kvMemory: Int?
  /// Bytes that the model may take of memory altogether, its weights included; nil for what the machine and its control
  /// group leave.
  public var memory: Int?
  /// Requests that may wait beside those that are worked on; one more is refused.
  public var queueLimit: Int
  /// Bytes of text and tokens that a completion keeps for its reader before it rests and others go on.
  public var unreadByteLimit: Int
  /// How long a completion that is not read waits for its reader before it ends with `FinishReason.stalled`; nil waits
  /// for ever.
  ///
  /// It keeps nobody waiting, but counts among those that wait until it ends.
  public var readerStall: Duration?
  /// Prompt tokens processed at once: more is faster, fewer cancels sooner and takes less memory.
  public var prefillChunk: Int
  /// Whether the file's own pages serve as weights, which is fastest and shares them between processes.
  ///
  /// If not, the file is read into memory, and another program may change or cut it meanwhile.
  public var mapsFile: Bool
  /// The file of a draft model, which guesses tokens that the model checks, several in one step; nil for none.
  ///
  /// It changes how long a completion takes, and nothing else. It should be much smaller, and must have the same
  /// vocabulary; models with recurrent layers cannot draft. Its keys and values are part of `kvMemory`. Where its guesses
  /// do not pay, it is hardly asked; see ``Speculation``.
  public var draft: String?
  /// Adapters to load beside the model, which requests choose by their names.
  ///
  /// Their files are read into memory. A request without an adapter costs no more than without this.
  public var adapters: [Adapter]
  /// Where the model computes: models with the same one take turns on its threads.
  public var runtime: Runtime
  /// Models that share what is free and that are not loaded yet, this one included.
  var shares = 1

  /// The defaults, or others.
  public init(
    threads: Int? = nil, contextLength: Int? = nil, kvFormat: KVCacheFormat = .f16, kernels: String? = nil,
    usesBLAS: Bool = false, pinsThreads: Bool = false, parallel: Int? = nil, kvMemory: Int? = nil, memory: Int? = nil,
    queueLimit: Int = 16, unreadByteLimit: Int = 64 << 10, readerStall: Duration? = nil, prefillChunk: Int = 256,
    mapsFile: Bool = true, draft: String? = nil, adapters: [Adapter] = [], runtime: Runtime = .shared
  ) {
    self.threads = threads
    self.contextLength = contextLength
    self.kvFormat = kvFormat
    self.kernels = kernels
    self.usesBLAS = usesBLAS
    self.pinsThreads = pinsThreads
    self.parallel = parallel
    self.kvMemory = kvMemory
    self.memory = memory
    self.queueLimit = queueLimit
    self.unreadByteLimit = unreadByteLimit
    self.readerStall = readerStall
    self.prefillChunk = prefillChunk
    self.mapsFile = mapsFile
    self.draft = draft
    self.adapters = adapters
    self.runtime = runtime
  }

  /// The longest context that is taken where the caller does not say.
  package static let defaultContextLength = 4096
  /// The most sequences that run together where the caller does not say.
  package static let defaultParallel = 16
}

/// How far loading a model has come.
public struct LoadingProgress: Sendable, Equatable {
  /// Bytes of weights taken into use.
  public let loadedBytes: Int
  /// Bytes of all weights.
  public let totalBytes: Int
}
