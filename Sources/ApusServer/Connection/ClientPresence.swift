internal import NIOCore
internal import Synchronization

/// Whether the client of one connection is still there.
final class ClientPresence: Sendable {
  private struct State {
    var isGone = false
    var nextWatch = 0
    var actions: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// Runs `action` once when the client leaves, at once if it is gone already, as long as the watch is kept.
  func whenGone(_ action: @escaping @Sendable () -> Void) -> PresenceWatch {
    let number: Int? = state.withLock { state in
      if state.isGone { return nil }
      state.nextWatch += 1
      state.actions[state.nextWatch] = action
      return state.nextWatch
    }
    if number == nil { action() }
    return PresenceWatch(self, number ?? 0)
  }

  /// Tells everyone who waits for it that the client has left.
  func leave() {
    let actions = state.withLock { state in
      state.isGone = true
      defer { state.actions = [:] }
      return Array(state.actions.values)
    }
    for action in actions { action() }
  }

  fileprivate func removeWatch(_ number: Int) { state.withLock { _ = $0.actions.removeValue(forKey: number) } }
}

/// Keeps an action waiting for a client to leave.
final class PresenceWatch: Sendable {
  private let presence: ClientPresence
  private let number: Int

  fileprivate init(_ presence: ClientPresence, _ number: Int) {
    self.presence = presence
    self.number = number
  }

  deinit { presence.removeWatch(number) }
}

/// The clients of all open connections.
final class ConnectedClients: Sendable {
  private let presences = Mutex<[ObjectIdentifier: ClientPresence]>([:])

  func add(_ presence: ClientPresence, of channel: any Channel) {
    presences.withLock { $0[ObjectIdentifier(channel)] = presence }
  }

  func remove(_ channel: any Channel) {
    presences.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  /// The client at the other end of `channel`.
  func presence(of channel: any Channel) -> ClientPresence? {
    presences.withLock { $0[ObjectIdentifier(channel)] }
  }
}
