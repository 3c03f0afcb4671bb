internal import Synchronization

/// Several models by name, each loaded when it is first asked for.
///
/// One model is loaded at a time, and once however many ask for it. A model that does not fit into memory makes others go
/// which nobody uses, the least recently used one first. All share the threads of their ``LoadOptions/runtime``.
public final class ModelPool: Sendable {
  typealias Waiter = CheckedContinuation<Result<ModelLease, ApusError>, Never>

  struct State {
    var schedule: PoolSchedule
    /// The names of all models, in the order in which they were given.
    var names: [String] = []
    var sources: [String: Source] = [:]
    var models: [String: Model] = [:]
    /// Who waits for a model that is not loaded yet, by number.
    var waiters: [String: [Int: Waiter]] = [:]
    var nextWaiter = 0
    /// What the files of models say, as far as that was asked.
    var descriptions: [String: ModelDescription] = [:]
    /// How models answer, of those that were loaded once, or were asked about.
    var setups: [String: ModelSetup] = [:]
    /// Who sleeps until the next model expires.
    var watch: IdleWatch?
    var isClosed = false

    init(_ schedule: PoolSchedule) { self.schedule = schedule }

    /// Takes models out that go.
    mutating func remove(_ names: [String]) -> DepartingModels {
      DepartingModels(names, names.compactMap { models.removeValue(forKey: $0) })
    }
  }

  let memory: Int?
  let onEvent: @Sendable (Event) -> Void
  let state: Mutex<State>

  /// A pool with nothing loaded.
  ///
  /// - Parameters:
  ///   - sources: The models; of two with the same name the first counts.
  ///   - memory: Bytes that all of them together may take; nil for what the machine and its control group leave.
  ///   - idleTime: How long a model that nobody uses stays loaded; nil for ever, or until another one needs its memory.
  ///   - onEvent: Is told what becomes of models; called from anywhere, and should return soon.
  public init(
    _ sources: [Source], memory: Int? = nil, idleTime: Duration? = nil,
    onEvent: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.memory = memory
    self.onEvent = onEvent
    var state = State(PoolSchedule(idleTime: idleTime))
    state.sources = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
    var seen: Set<String> = []
    state.names = sources.map(\.name).filter { seen.insert($0).inserted }
    self.state = Mutex(state)
  }

  /// A pool of one model that is loaded already, and stays so.
  package init(_ model: Model, name: String) {
    (memory, onEvent) = (nil, { _ in })
    var state = State(PoolSchedule())
    state.names = [name]
    state.models[name] = model
    state.schedule.request(name)
    _ = state.schedule.beginLoad()
    state.schedule.endLoad((model.information.memory, 1), at: .now)
    self.state = Mutex(state)
  }

  /// The model of that name, loaded first where it is not, for as long as the lease is held.
  ///
  /// A load that fails fails all that wait for it; the next call tries again. Waiting ends at once where the task is
  /// cancelled; a load that has begun goes on to its end, and the model stays for the next who asks.
  ///
  /// - Throws: `ApusError`: `unknownModel`; `modelsInUse` where it would fit if others were not in use; `stopped` where the
  ///   task was cancelled; and whatever fails loading.
  public func model(_ name: String) async throws(ApusError) -> ModelLease {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in enter(waiter, number, name) }
    } onCancel: {
      leave(number, name)
    }
    return try result.get()
  }

  /// The names of all models, in the order in which they were given.
  public var names: [String] { state.withLock { $0.names } }

  /// Where a model comes from; nil for one that was not loaded by this pool.
  private func source(_ name: String) -> Source? { state.withLock { $0.sources[name] } }

  /// The names of the models that are loaded, in the order of `names`.
  public var loadedNames: [String] {
    let loaded = loadedModels
    return names.filter { loaded[$0] != nil }
  }

  /// The models that are loaded, to look at: what is not leased may go.
  package var loadedModels: [String: Model] { state.withLock { $0.models } }

  /// The models that are loaded: what each takes, and when it goes.
  package var residents: [String: PoolSchedule.Resident] { state.withLock { $0.schedule.residents } }

  /// What that model's file says; its header is read where that was not asked before, and again once it was loaded.
  package func description(of name: String) throws(ApusError) -> ModelDescription {
    let (known, model, source) = state.withLock { ($0.descriptions[name], $0.models[name], $0.sources[name]) }
    if let known { return known }
    guard let path = model?.path ?? source?.path else { throw .unknownModel(name: name, known: names) }
    let description = try ModelDescription(path: path)
    state.withLock { state in
      // One that was loaded, removed or added meanwhile may be of another file.
      guard state.names.contains(name), state.models[name] === model, state.sources[name] == source else { return }
      state.descriptions[name] = description
    }
    return description
  }

  /// What requests to that model can count on; nil where it was not loaded yet and not asked about.
  package func knownSetup(of name: String) -> ModelSetup? {
    let (known, model) = state.withLock { ($0.setups[name], $0.models[name]) }
    return known ?? model.map(ModelSetup.init)
  }

  /// The same; its file is read where nothing is known of it, and nothing is loaded.
  package func setup(of name: String) throws(ApusError) -> ModelSetup {
    if let known = knownSetup(of: name) { return known }
    guard let source = source(name) else { throw .unknownModel(name: name, known: names) }
    let setup = try ModelSetup(source)
    return state.withLock { state in
      // It may have been removed meanwhile, and another of its name added.
      guard state.sources[name] == source else { return setup }
      // One that was loaded meanwhile knows better.
      let best = state.setups[name] ?? setup
      state.setups[name] = best
      return best
    }
  }

  /// Lets a model that is loaded stay so long when nobody uses it, whatever the pool has for others.
  ///
  /// Nil lets it stay for ever, or until another one needs its memory. It holds until the model is unloaded. A model
  /// that was not loaded by this pool stays all the same. With `isAtLeast` the model stays no shorter than it would
  /// anyway.
  package func keep(_ name: String, for idleTime: Duration?, isAtLeast: Bool = false) {
    state.withLock { state in
      if state.sources[name] != nil { state.schedule.keep(name, for: idleTime, isAtLeast: isAtLeast) }
    }
    watchIdle()
  }

  /// Sequences of that model that run together at most, as far as that is known before it is loaded.
  package func parallel(_ name: String) -> Int {
    loadedModels[name]?.information.parallel ?? source(name)?.options.parallel ?? LoadOptions.defaultParallel
  }

  /// The names of that model's adapters.
  package func adapters(of name: String) -> [String] {
    loadedModels[name]?.information.adapters ?? source(name)?.options.adapters.map(\.name) ?? []
  }

  /// Loads nothing more: who waits, or asks from now on, is told `shuttingDown`.
  package func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      for name in state.waiters.keys { state.schedule.withdraw(name) }
      defer { state.waiters = [:] }
      return state.waiters.values.flatMap(\.values)
    }
    for waiter in waiters { waiter.resume(returning: .failure(.shuttingDown)) }
  }

  // MARK: Models that come and go

  /// Adds a model, which is loaded when it is first asked for.
  ///
  /// - Parameter source: The model.
  /// - Returns: Whether it was added: not where there is one of its name, or one that was removed and has not gone yet.
  package func add(_ source: Source) -> Bool {
    state.withLock { state in
      let name = source.name
      guard !state.names.contains(name), state.models[name] == nil, state.schedule.loading != name else { return false }
      state.names.append(name)
      state.sources[name] = source
      return true
    }
  }

  /// Takes a model out, which goes when the last lease of it is given back; who waits for it is told `unknownModel`.
  ///
  /// A model that was not loaded by this pool stays.
  package func remove(_ name: String) {
    let (waiters, known) = state.withLock { state -> ([Waiter], [String]) in
      guard state.sources.removeValue(forKey: name) != nil else { return ([], []) }
      state.names.removeAll { $0 == name }
      (state.descriptions[name], state.setups[name]) = (nil, nil)
      state.schedule.withdraw(name)
      state.schedule.keep(name, for: .zero)
      return (Array((state.waiters.removeValue(forKey: name) ?? [:]).values), state.names)
    }
    for waiter in waiters { waiter.resume(returning: .failure(.unknownModel(name: name, known: known))) }
    watchIdle()
  }

  // MARK: Waiting

  private func enter(_ waiter: Waiter, _ number: Int, _ name: String) {
    let now = ContinuousClock.now
    let result = state.withLock { state -> Result<ModelLease, ApusError>? in
      // A later cancellation finds the waiter, as it waits for the lock.
      if Task.isCancelled { return .failure(.stopped) }
      if state.isClosed { return .failure(.shuttingDown) }
      guard state.names.contains(name) else { return .failure(.unknownModel(name: name, known: state.names)) }
      if let model = state.models[name], state.schedule.take(name, at: now) {
        return .success(ModelLease(model, name, self))
      }
      state.waiters[name, default: [:]][number] = waiter
      state.schedule.request(name)
      return nil
    }
    if let result { waiter.resume(returning: result) } else { loadNext() }
  }

  private func leave(_ number: Int, _ name: String) {
    let waiter = state.withLock { state in
      let waiter = state.waiters[name]?.removeValue(forKey: number)
      if state.waiters[name]?.isEmpty == true { state.schedule.withdraw(name) }
      return waiter
    }
    waiter?.resume(returning: .failure(.stopped))
  }

  func release(_ name: String) {
    let now = ContinuousClock.now
    state.withLock { $0.schedule.release(name, at: now) }
    watchIdle()
  }
}
