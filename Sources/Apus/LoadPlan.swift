internal import ApusCPU
internal import ApusCore
internal import ApusModels

/// What loading will do: the options, each found good, with what they leave to this machine and to the model.
struct LoadPlan {
  let backend: CPUBackend.Options
  private let options: LoadOptions
  private let adapters: [AdapterFile]
  /// Bytes that this model may take.
  private var freeByteCount: Int
  /// Bytes that other models have reserved and that are not among them.
  private var reservedByteCount = 0

  /// The most threads and prompt tokens at once that anyone may ask for.
  private static let maximumThreads = 1024
  private static let maximumPrefillChunk = 65_536
  private static let maximumQueue = 1_000_000
  private static let maximumParallel = 256
  private static let maximumAdapters = 256
  private static let maximumNameByteCount = 4096

  init(_ options: LoadOptions, _ machine: Machine) throws(ApusError) {
    try Self.check("threads", options.threads ?? 1, 1...Self.maximumThreads)
    try Self.check("contextLength", options.contextLength ?? 2, 2...Int(Int32.max))
    try Self.check("prefillChunk", options.prefillChunk, 1...Self.maximumPrefillChunk)
    try Self.check("queueLimit", options.queueLimit, 0...Self.maximumQueue)
    try Self.check("parallel", options.parallel ?? 1, 1...Self.maximumParallel)
    try Self.check("kvMemory", options.kvMemory ?? 1, 1...Int.max)
    try Self.check("memory", options.memory ?? 1, 1...Int.max)
    backend = CPUBackend.Options(
      threads: options.threads ?? machine.threadCount, kernels: try Self.kernels(options.kernels),
      usesBLAS: options.usesBLAS, pinsThreads: options.pinsThreads)
    try Self.check(options.adapters)
    adapters = try Self.open(options.adapters, isRead: false)
    self.options = options
    freeByteCount = machine.freeByteCount
  }

  /// The same plan, where `free` bytes are free and other models have reserved more.
  func within(_ free: Int, reserved: Int) -> LoadPlan {
    var plan = self
    plan.freeByteCount = min(free, options.memory ?? .max)
    plan.reservedByteCount = reserved
    return plan
  }

  /// The adapters once more, in memory: to be called when that is known to have room for them.
  func readAdapters() throws(ApusError) -> [AdapterFile] { try Self.open(options.adapters, isRead: true) }

  private static func open(_ adapters: [Adapter], isRead: Bool) throws(ApusError) -> [AdapterFile] {
    try adapters.map { adapter throws(ApusError) in
      do throws(ModelError) {
        return try AdapterFile(path: adapter.path, isRead: isRead)
      } catch {
        throw .cannotLoad(path: adapter.path, reason: error.description)
      }
    }
  }

  private static func check(_ adapters: [Adapter]) throws(ApusError) {
    try check("adapters", adapters.count, 0...maximumAdapters)
    for (index, adapter) in adapters.enumerated() {
      let name = adapter.name
      let isTaken = adapters[..<index].contains { $0.name == name }
      guard isTaken || !(1...maximumNameByteCount).contains(name.utf8.count) else { continue }
      throw .invalidOption(
        name: "adapters",
        reason: isTaken
          ? "two adapters have the name '\(name)': rename one"
          : "an adapter's name has \(name.utf8.count) bytes, but must have 1 to \(maximumNameByteCount)")
    }
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

  /// The memory of sequences, once all of it is known to fit beside the draft model, if there is one.
  func sequenceMemory(for file: ModelFile, _ draft: DraftFile? = nil) throws(ApusError) -> SequenceMemory {
    if file.configuration.pooling != nil, !adapters.isEmpty {
      throw .invalidOption(
        name: "adapters",
        reason: "this model makes embeddings, which are computed without adapters: load it without any")
    }
    let length = options.contextLength(for: file)
    if let draft { return try beside(draft, length).memory(for: file, length, draft) }
    return try memory(for: file, length, nil)
  }

  /// The same with less memory: what the draft model takes is gone.
  private func beside(_ draft: DraftFile, _ length: Int) throws(ApusError) -> LoadPlan {
    guard let fixed = draft.fixedByteCount(length), fixed < freeByteCount + reservedByteCount else {
      throw .invalidOption(
        name: "draft",
        reason: "draft takes more memory than the \(freeByteCount) bytes that are free: use a smaller one")
    }
    guard fixed < freeByteCount else {
      throw .notEnoughMemory(neededBytes: fixed, availableBytes: freeByteCount, largestContext: nil)
    }
    var plan = self
    plan.freeByteCount -= fixed
    return plan
  }

  private func memory(for file: ModelFile, _ length: Int, _ draft: DraftFile?) throws(ApusError) -> SequenceMemory {
    let trained = file.configuration.contextLength
    let footprint = try footprint(of: file, length)
    try check(length, trained, path: file.path)
    guard file.configuration.pooling == nil, let costs = SequenceCosts(file.configuration, use(file, length))
    else { return SequenceMemory(of: footprint, contextLength: length) }
    let parallel = options.parallel ?? LoadOptions.defaultParallel
    let budget = try options.kvMemory.map { bytes throws(ApusError) in try checked(bytes, file, length, footprint) }
    let all = DraftShare(
      block: draft?.blockByteCount ?? 0, contextLength: draft?.contextLength(length) ?? length, sequences: parallel)
    let wanted = costs.contexts(parallel)
    let total = budget ?? min(room(beside: footprint), wanted + all.byteCount)
    let share = all.share(of: total, beside: wanted, least: footprint.kvCache)
    return SequenceMemory(
      budget: total - share.byteCount, costs: costs, parallel: parallel, draft: share)
  }

  private func check(_ length: Int, _ trained: Int, path: String) throws(ApusError) {
    guard length <= trained else {
      throw .invalidOption(
        name: "contextLength",
        reason: "contextLength is \(length), but the model was trained for \(trained) tokens: use at most that")
    }
    guard length >= 2 else {
      throw .cannotLoad(
        path: path, reason: "\(path): its context length of \(trained) leaves no room for a completion")
    }
  }

  /// Bytes that sequences may take without being asked: an eighth of what is free is left to others, and their shares to
  /// models that will be loaded.
  private func room(beside footprint: ModelFootprint) -> Int {
    let share = (freeByteCount - freeByteCount / 8) / max(1, options.shares)
    return max(footprint.kvCache, share - (footprint.total - footprint.kvCache))
  }

  /// `kvMemory`, where a context fits into it and it fits into memory; `footprint` is that of one context.
  private func checked(
    _ kvMemory: Int, _ file: ModelFile, _ length: Int, _ footprint: ModelFootprint
  ) throws(ApusError) -> Int {
    let fixed = footprint.total - footprint.kvCache
    let reason: String
    if kvMemory < footprint.kvCache {
      let largest = file.largestContext(use(file, length), budget: fixed + kvMemory) ?? 0
      reason =
        "a context of \(length) tokens takes \(footprint.kvCache) bytes: give at least that"
        + (largest > 1 ? ", or a context of at most \(largest) tokens" : "")
    } else if kvMemory > freeByteCount - fixed {
      if kvMemory <= freeByteCount - fixed + reservedByteCount {
        throw .notEnoughMemory(neededBytes: fixed + kvMemory, availableBytes: freeByteCount, largestContext: nil)
      }
      reason = "\(freeByteCount - fixed) bytes are free beside the model: give at most that"
    } else {
      return kvMemory
    }
    throw .invalidOption(name: "kvMemory", reason: "kvMemory is \(kvMemory) bytes, but \(reason)")
  }

  /// What the model takes altogether, where its sequences have `memory`.
  func demand(
    of file: ModelFile, _ memory: SequenceMemory, _ draft: DraftFile?
  ) throws(ApusError) -> MemoryDemand {
    let footprint = try footprint(of: file, memory.contextLength)
    let own =
      memory.byteCount + footprint.activations + footprint.adapters
      + (draft?.fixedByteCount(memory.contextLength) ?? 0)
    return options.mapsFile
      ? MemoryDemand(mapped: footprint.weights, own: own) : MemoryDemand(own: own + footprint.weights)
  }

  private func use(_ file: ModelFile, _ length: Int) -> ModelFootprint.Use {
    var use = ModelFootprint.Use(context: length)
    use.format = KVFormat(options.kvFormat)
    use.isInEngine = true
    use.adapters = adapters
    use.maxBatchRows = batchRows(contextLength: length, file)
    return use
  }

  /// What the model takes with one context; throws where that does not fit.
  private func footprint(of file: ModelFile, _ length: Int) throws(ApusError) -> ModelFootprint {
    let use = use(file, length)
    let footprint = file.footprint(use)
    if let footprint, footprint.total <= freeByteCount { return footprint }
    let sizes = file.configuration.cacheLayers.lazy.compactMap { $0.headTooOdd(for: use.format) }
    if let size = sizes.first {
      throw .invalidOption(
        name: "kvFormat", reason: BackendError.kvFormat(use.format, headDimension: size).description)
    }
    guard let largest = file.largestContext(use, budget: freeByteCount) else {
      throw .notEnoughMemory(neededBytes: .max, availableBytes: freeByteCount, largestContext: nil)
    }
    throw .notEnoughMemory(
      neededBytes: footprint?.total ?? .max, availableBytes: freeByteCount, largestContext: largest > 1 ? largest : nil)
  }
}

extension LoadOptions {
  /// Tokens that prompt and completion of the file's model may have together.
  func contextLength(for file: ModelFile) -> Int {
    contextLength ?? min(file.configuration.contextLength, Self.defaultContextLength)
  }
}
