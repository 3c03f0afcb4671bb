internal import Synchronization

extension ModelPool {
  /// Starts the next load, where one is wanted and none is under way.
  func loadNext() {
    let next = state.withLock { state in state.schedule.beginLoad().flatMap { state.sources[$0] } }
    guard let source = next else { return }
    Task {
      finishLoad(of: source.name, await load(source))
      loadNext()
    }
  }

  private func finishLoad(of name: String, _ result: Result<Model, ApusError>) {
    let now = ContinuousClock.now
    let answers = state.withLock { state in
      let waiters = (state.waiters.removeValue(forKey: name) ?? [:]).values
      let model = try? result.get()
      state.models[name] = model
      // The file may be another one than the one that was described.
      state.descriptions[name] = nil
      state.setups[name] = state.sources[name] == nil ? nil : model.map(ModelSetup.init)
      state.schedule.endLoad(model.map { ($0.information.memory, waiters.count) }, at: now)
      // It may have been removed meanwhile.
      if state.sources[name] == nil { state.schedule.keep(name, for: .zero) }
      return waiters.map { ($0, result.map { ModelLease($0, name, self) }) }
    }
    if case .success(let model) = result { onEvent(.loaded(name: name, information: model.information)) }
    for (waiter, answer) in answers { waiter.resume(returning: answer) }
    watchIdle()
  }

  /// Loads one model; others go where it does not fit beside them.
  private func load(_ source: Source) async -> Result<Model, ApusError> {
    while true {
      do throws(ApusError) {
        return .success(try await Model.load(source.path, options: options(for: source)))
      } catch .notEnoughMemory(let needed, let available, let largestContext) {
        guard needed <= source.options.memory ?? .max else {
          return .failure(
            .notEnoughMemory(neededBytes: needed, availableBytes: available, largestContext: largestContext))
        }
        let missing = needed - available
        switch makeRoom(for: missing) {
        case .unload(let models): await models.unload(telling: onEvent)
        case .inUse: return .failure(.modelsInUse(missingBytes: missing))
        case .none:
          return .failure(
            .notEnoughMemory(neededBytes: needed, availableBytes: available, largestContext: largestContext))
        }
      } catch {
        return .failure(error)
      }
    }
  }

  /// The model's options, with what others leave to it.
  private func options(for source: Source) -> LoadOptions {
    let (used, left) = state.withLock { ($0.schedule.byteCount, $0.names.count - $0.models.count) }
    var options = source.options
    // Models that were removed may still be loaded.
    options.shares = max(1, left)
    if let memory { options.memory = min(options.memory ?? .max, max(1, memory - used)) }
    return options
  }

  // MARK: Unloading

  private func makeRoom(for missing: Int) -> PoolSchedule.Room<DepartingModels> {
    state.withLock { state in state.schedule.makeRoom(for: missing).map { state.remove($0) } }
  }

  /// Sees to it that one task sleeps until the next model expires, where one does.
  func watchIdle() {
    state.withLock { state in
      guard let due = state.schedule.nextExpiry, state.watch.map({ due < $0.due }) ?? true else { return }
      state.watch?.task.cancel()
      let task = Task { [weak self] in
        guard (try? await Task.sleep(until: due, clock: .continuous)) != nil else { return }
        await self?.unloadExpired()
      }
      state.watch = IdleWatch(due: due, task: task)
    }
  }

  private func unloadExpired() async {
    let models = state.withLock { state in
      state.watch = nil
      return state.remove(state.schedule.expire(at: .now))
    }
    if !models.isEmpty {
      await models.unload(telling: onEvent)
      state.withLock { $0.schedule.endUnload() }
    }
    loadNext()
    watchIdle()
  }
}

/// Someone who sleeps until a model expires.
struct IdleWatch {
  let due: ContinuousClock.Instant
  let task: Task<Void, Never>
}

/// Models that are loaded no longer, until their memory is free.
final class DepartingModels: Sendable {
  /// Milliseconds that someone who keeps a model without a lease is waited for.
  private static let patience = 2000
  private let names: [String]
  private let models: Mutex<[Model]>

  init(_ names: [String], _ models: [Model]) {
    self.names = names
    self.models = Mutex(models)
  }

  /// Whether there are none.
  var isEmpty: Bool { names.isEmpty }

  /// Lets go of them where waiting for the step in progress holds nobody up; returns when they are gone.
  func unload(telling onEvent: (ModelPool.Event) -> Void) async {
    guard !isEmpty else { return }
    let ends = models.withLock { $0.compactMap(\.engine.memoryEnd) }
    // Where there is no thread, they go with this object.
    _ = await onThread("apus-unload") { self.models.withLock { $0 = [] } }
    // Requests that have just given their leases back may hold on for a moment.
    for _ in 0..<Self.patience where ends.contains(where: { !$0.hasCome }) {
      try? await Task.sleep(for: .milliseconds(1))
    }
    for name in names { onEvent(.unloaded(name: name)) }
  }
}
