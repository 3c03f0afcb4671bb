internal import ApusCPU
internal import ApusCore
internal import ApusModels

/// What loading will do: the options, each found good, with what they leave to this machine and to the model.
struct LoadPlan {
  let backend: CPUBackend.Options
  private let options: LoadOptions
  private let freeByteCount: Int

  /// The most threads and prompt tokens at once that anyone may ask for.
  private static let maximumThreads = 1024
  private static let maximumPrefillChunk = 65_536
  private static let maximumQueue = 100_000

  init(_ options: LoadOptions, _ machine: Machine) throws(ApusError) {
    try Self.check("threads", options.threads ?? 1, 1...Self.maximumThreads)
    try Self.check("contextLength", options.contextLength ?? 2, 2...Int(Int32.max))
    try Self.check("prefillChunk", options.prefillChunk, 1...Self.maximumPrefillChunk)
    try Self.check("queueLimit", options.queueLimit, 0...Self.maximumQueue)
    backend = CPUBackend.Options(
      threads: options.threads ?? machine.threadCount, kernels: try Self.kernels(options.kernels),
      usesBLAS: options.usesBLAS, pinsThreads: options.pinsThreads)
    self.options = options
    freeByteCount = machine.freeByteCount
  }

  private static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(ApusError) {
    guard !range.contains(value) else { return }
    throw .invalidOption(
      name: name, reason: "\(name) is \(value), but must be from \(range.lowerBound) to \(range.upperBound)")
  }

  private static func kernels(_ name: String?) throws(ApusError) -> Kernels {
    guard let name else { return .best() }
    if let kernels = Kernels(level: name) { return kernels }
    let supported = Kernels.supportedLevelNames.joined(separator: ", ")
    throw .invalidOption(
      name: "kernels",
      reason: "this machine has no kernels of that name: use one of \(supported), or none to take the best"
    )
  }

  /// Tokens that one step processes at most.
  ///
  /// A model of embeddings takes a whole text in one step.
  func batchRows(contextLength: Int, _ file: ModelFile) -> Int {
    file.configuration.needsWholeSequences ? contextLength : min(options.prefillChunk, contextLength)
  }

  /// Tokens that prompt and completion may have together, once all of it is known to fit into memory.
  func contextLength(for file: ModelFile) throws(ApusError) -> Int {
    let trained = file.configuration.contextLength
    let length = options.contextLength ?? min(trained, LoadOptions.defaultContextLength)
    try checkMemory(for: file, length)
    guard length <= trained else {
      throw .invalidOption(
        name: "contextLength",
        reason: "contextLength is \(length), but the model was trained for \(trained) tokens: use at most that")
    }
    guard length >= 2 else {
      throw .cannotLoad(
        path: file.path, reason: "\(file.path): its context length of \(trained) leaves no room for a completion")
    }
    return length
  }

  private func checkMemory(for file: ModelFile, _ length: Int) throws(ApusError) {
    var use = ModelFootprint.Use(context: length)
    use.format = KVFormat(options.kvFormat)
    use.maxBatchRows = batchRows(contextLength: length, file)
    let needed = file.footprint(use)?.total
    if let needed, needed <= freeByteCount { return }
    let sizes = file.configuration.cacheLayers.lazy.compactMap { $0.headTooOdd(for: use.format) }
    if let size = sizes.first {
      throw .invalidOption(
        name: "kvFormat", reason: BackendError.kvFormat(use.format, headDimension: size).description)
    }
    guard let largest = file.largestContext(use, budget: freeByteCount) else {
      throw .notEnoughMemory(neededBytes: .max, availableBytes: freeByteCount, largestContext: nil)
    }
    throw .notEnoughMemory(
      neededBytes: needed ?? .max, availableBytes: freeByteCount, largestContext: largest > 1 ? largest : nil)
  }
}
