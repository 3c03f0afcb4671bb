internal import ApusCore
internal import Synchronization

/// The one thread that computes for a runtime's lanes; it sleeps while none of them has work.
///
/// The engines of these lanes hold it, and it ends with the last of them.
final class ComputeThread: Sendable {
  let bell = Bell()
  private let entrance: LaneEntrance
  private let thread: DedicatedThread

  /// Starts the thread; throws where the system gives none.
  init() throws(ApusError) {
    let entrance = LaneEntrance()
    let bell = bell
    let thread = DedicatedThread(name: "apus-compute", stackByteCount: 16 << 20) {
      var lanes = Lanes(entrance, bell)
      lanes.run()
    }
    guard let thread else {
      throw .engineFailed(reason: "the operating system gives no thread to compute with: raise its limit on threads")
    }
    self.entrance = entrance
    self.thread = thread
  }

  deinit {
    entrance.close()
    bell.ring()
  }

  /// Whether the caller is on it.
  var isCurrent: Bool { thread.isCurrent }

  /// Takes a lane in; it is served until its inbox says that it must end.
  func open(_ lane: NewLane) {
    entrance.add(lane)
    bell.ring()
  }
}

/// An engine's lane on its way to the thread that computes.
struct NewLane: @unchecked Sendable {
  // Sendable: made by `Engine.init`, handed to the thread, and used by it alone.
  let model: EngineModel
  let cache: KVCache
  let draft: Draft?
  let configuration: EngineConfiguration
  let inbox: EngineInbox
}

/// Where lanes wait until the thread takes them in.
final class LaneEntrance: Sendable {
  private struct State {
    var lanes: [NewLane] = []
    var isClosed = false
  }

  private let state = Mutex(State())

  func add(_ lane: NewLane) { state.withLock { $0.lanes.append(lane) } }

  /// No more lanes will come.
  func close() { state.withLock { $0.isClosed = true } }

  /// The lanes that came since the last call; nil where none will come any more.
  func take() -> [NewLane]? {
    state.withLock { state in
      defer { state.lanes = [] }
      return state.isClosed && state.lanes.isEmpty ? nil : state.lanes
    }
  }
}
