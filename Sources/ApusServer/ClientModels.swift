internal import Apus
internal import Hummingbird
internal import Logging
internal import Synchronization

/// Models that clients load and unload while the server runs, from folders that its operator names.
///
/// A model that was loaded stays in memory until it is unloaded again: none goes for the sake of another one.
final class ClientModels: Sendable {
  /// A model that is loaded.
  struct Entry: Sendable {
    let name: String
    /// Where it lies, as the client has said.
    let url: String
    fileprivate let number: Int
    fileprivate let lease: ModelLease
  }

  private struct State {
    /// In the order in which they were loaded.
    var loaded: [Entry] = []
    /// Names of those that are on their way.
    var loading: Set<String> = []
  }

  private let folders: ModelFolders
  private let pool: ModelPool
  private let models: ServedModels
  private let served: @Sendable (String) -> ServedModel
  private let state = Mutex(State())

  init(
    _ folders: ModelFolders, _ pool: ModelPool, _ models: ServedModels,
    _ served: @escaping @Sendable (String) -> ServedModel
  ) {
    (self.folders, self.pool, self.models, self.served) = (folders, pool, models, served)
  }

  /// All of them, in the order in which they were loaded.
  var list: [Entry] { state.withLock { $0.loaded } }

  /// Loads a model, and serves it by that name when it is loaded.
  ///
  /// - Parameters:
  ///   - name: The name, which no other model has.
  ///   - url: Its file, or the folder with it.
  ///   - service: Whose model it becomes.
  ///   - context: Who asks.
  /// - Throws: A `Refusal`: `modelLoaded` for a name that a model has, `noRoom` where memory does not suffice beside the
  ///   models that are loaded, `invalid` for a path that is none of a model, `modelNotLoaded` for a file that is none.
  func load(_ name: String, from url: String, _ service: ModelService, _ context: APIRequestContext) async throws {
    try GivenNames.check(name)
    let isFirst = state.withLock { state in
      guard !state.loading.contains(where: { $0.isSameModelName(as: name) }) else { return false }
      return state.loading.insert(name).inserted
    }
    guard isFirst else { throw Refusal.modelLoaded }
    defer { state.withLock { _ = $0.loading.remove(name) } }
    guard service.names.model(named: name) == nil else { throw Refusal.modelLoaded }
    let path = try await service.preparation.run(for: context.client) { [folders] _ in try folders.file(at: url) }
    guard pool.add(ModelPool.Source(name: name, path: path, options: folders.options)) else {
      throw Refusal(.modelLoaded, "a model of this name still gives answers: load it when these have ended")
    }
    do {
      let number = try models.add(served(name))
      do {
        let lease = try await service.lease(number, for: context.client, context.logger, refusal: Self.refusal)
        state.withLock { $0.loaded.append(Entry(name: name, url: url, number: number, lease: lease)) }
      } catch {
        models.remove(number)
        throw error
      }
    } catch {
      pool.remove(name)
      throw error
    }
  }

  /// Serves a model no longer, whose memory is free once the answers that it gives have ended.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - service: Whose model it is.
  /// - Returns: Whether it was loaded by a client.
  func unload(_ name: String, _ service: ModelService) -> Bool {
    let entry = state.withLock { state in
      state.loaded.firstIndex { $0.name == name }.map { state.loaded.remove(at: $0) }
    }
    guard let entry else { return false }
    models.remove(entry.number)
    service.names.given.takeAll(of: entry.number)
    pool.remove(name)
    return true
  }

  /// Whoever loads models must know where memory is missing: they can unload others.
  private static func refusal(_ error: ApusError) -> Refusal {
    switch error {
    case .notEnoughMemory, .modelsInUse:
      .noRoom("the model does not fit into memory beside those that are loaded: unload others first")
    default: Refusal(loading: error)
    }
  }
}
