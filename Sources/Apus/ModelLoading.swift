internal import ApusCPU
internal import ApusCore
internal import ApusModels
internal import ApusTokenizers

/// Loads one model, step by step, on a thread of its own: it may read weights and builds tables.
struct ModelLoading: Sendable {
  let path: String
  let options: LoadOptions
  let progress: (@Sendable (LoadingProgress) -> Void)?

  func run() async throws(ApusError) -> Model {
    let result = await onThread("apus-load") { Result { () throws(ApusError) in try load() } }
    return try (result ?? .failure(noThread)).get()
  }

  private var noThread: ApusError {
    .engineFailed(reason: "the operating system gives no thread to load with: raise its limit on threads")
  }

  private func load() throws(ApusError) -> Model {
    // Before a file that is not mapped takes of the memory that it is to be compared with.
    let machine = Machine.current()
    let plan = try LoadPlan(options, machine)
    let file = try open()
    let draftFile = try options.draft.map { path throws(ApusError) in
      try DraftFile(path: path, mode: options.mapsFile ? .mapped : .read, for: file)
    }
    let (memory, reservation) = try reserve(for: file, draftFile, plan, on: machine)
    let adapters = try plan.readAdapters()
    let loaded = try weights(of: file, adapters, plan, memory.contextLength)
    let chatFormat = ChatFormat(
      template: loaded.chatTemplate, loaded.tokenizer.vocabulary, localTime: systemLocalTime)
    var model = EngineModel(
      model: loaded.model, kvFormat: options.kvFormat, watch: options.mapsFile ? file.watch() : nil,
      reservation: reservation)
    model.draft = try draftFile.map { draft throws(ApusError) in
      try draft.load(backend: makeBackend(plan), for: loaded, memory, isWatched: options.mapsFile)
    }
    let engine = try Engine(
      model, tokenizer: loaded.tokenizer, configuration: configuration(memory), on: options.runtime)
    let information = ModelInformation(
      file, loaded.tokenizer.vocabulary, plan.backend, options, memory: memory, reserved: reservation.byteCount,
      chat: chatFormat?.support ?? .noTemplate, sampling: loaded.sampling.options, warnings: loaded.warnings)
    return Model(
      path: path, information: information, engine: engine, tokenizer: loaded.tokenizer, chatFormat: chatFormat,
      pairFormat: try PairFormat(loaded, path: path), identity: ModelIdentity(loaded, adapters: adapters))
  }

  /// Divides the memory that is free and takes the model's part of it, before anything is allocated.
  private func reserve(
    for file: ModelFile, _ draft: DraftFile?, _ plan: LoadPlan, on machine: Machine
  ) throws(ApusError) -> (SequenceMemory, MemoryReservation) {
    try options.runtime.memory.reserve(on: machine) { free, reserved throws(ApusError) in
      let plan = plan.within(free, reserved: reserved)
      let memory = try plan.sequenceMemory(for: file, draft)
      return (memory, try plan.demand(of: file, memory, draft))
    }
  }

  private func open() throws(ApusError) -> ModelFile {
    do throws(ModelError) {
      return try ModelFile(path: path, mode: options.mapsFile ? .mapped : .read)
    } catch {
      throw .cannotLoad(path: path, reason: error.description)
    }
  }

  private func weights(
    of file: ModelFile, _ adapters: [AdapterFile], _ plan: LoadPlan, _ contextLength: Int
  ) throws(ApusError) -> LoadedModel {
    var options = LanguageModel.Options()
    options.maxBatchRows = plan.batchRows(contextLength: contextLength, file)
    options.contextLength = contextLength
    options.adapters = adapters
    let backend = try makeBackend(plan)
    do throws(ModelError) {
      return try file.load(backend: backend, options: options) { loaded, total in
        progress?(LoadingProgress(loadedBytes: loaded, totalBytes: total))
      }
    } catch {
      throw .cannotLoad(path: path, reason: error.description)
    }
  }

  private func makeBackend(_ plan: LoadPlan) throws(ApusError) -> CPUBackend {
    do throws(BackendError) {
      return try CPUBackend(plan.backend, on: options.runtime.pool(for: plan.backend))
    } catch {
      throw .engineFailed(reason: error.description)
    }
  }

  private func configuration(_ memory: SequenceMemory) -> EngineConfiguration {
    var configuration = EngineConfiguration(contextLength: memory.contextLength)
    configuration.maximumSequences = memory.sequences
    configuration.blockCount = memory.blocks
    configuration.restartSlots = memory.restartSlots
    configuration.queueLimit = options.queueLimit
    configuration.unreadByteLimit = options.unreadByteLimit
    configuration.readerStall = options.readerStall
    configuration.adapters = options.adapters.map(\.name)
    return configuration
  }
}
