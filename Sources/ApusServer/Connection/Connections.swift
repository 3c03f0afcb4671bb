internal import NIOCore
internal import Synchronization

/// The open connections of all listeners, and how many there may be.
///
/// Where there is no room for a new one, the one that has kept the server waiting longest gives way: without a complete
/// request, or without taking what is sent to it. It is looked for at the address that has the most. So whoever only
/// holds connections loses them, and neither `/health` nor other clients are locked out.
final class Connections: Sendable {
  /// The event that ends a connection at once, whatever it is doing.
  struct End: Sendable {
    /// What ends an answer on it.
    let reason: AnswerEnd
    /// Whether others need its place.
    var isForRoom = false

    /// There is no place for it.
    static let forRoom = End(reason: .readerStalled, isForRoom: true)
  }

  private struct Entry {
    private let channel: any Channel
    let presence: ClientPresence
    let address: ClientAddress?
    /// Since when the server waits for the client; nil while the client waits for the server.
    var waitingSince: NIODeadline?

    init(_ channel: any Channel, _ presence: ClientPresence, at address: ClientAddress?) {
      self.channel = channel
      self.presence = presence
      self.address = address
      waitingSince = .now()
    }

    func end(_ end: End) { channel.triggerUserOutboundEvent(end, promise: nil) }
  }

  private struct State {
    var entries: [ObjectIdentifier: Entry] = [:]
    var counts: [ClientAddress?: Int] = [:]

    mutating func remove(_ identifier: ObjectIdentifier) -> Entry? {
      guard let entry = entries.removeValue(forKey: identifier) else { return nil }
      let count = counts[entry.address, default: 0] - 1
      counts[entry.address] = count > 0 ? count : nil
      return entry
    }

    /// The one that has kept the server waiting longest, of those at `address` or of all.
    func longestWaiting(at address: ClientAddress?? = nil) -> ObjectIdentifier? {
      var longest: (identifier: ObjectIdentifier, since: NIODeadline)?
      for (identifier, entry) in entries {
        guard let since = entry.waitingSince, address == nil || address == .some(entry.address) else { continue }
        if longest.map({ since < $0.since }) ?? true { longest = (identifier, since) }
      }
      return longest?.identifier
    }
  }

  private let state = Mutex(State())
  private let limit: Int
  private let addressLimit: Int
  private let onGivingWay: @Sendable () -> Void

  /// Room for `limit` connections, of which one address may have `addressLimit`.
  ///
  /// `onGivingWay` is called for each that is ended, or not taken in, because there is no room.
  init(limit: Int, addressLimit: Int, onGivingWay: @escaping @Sendable () -> Void) {
    self.limit = limit
    self.addressLimit = addressLimit
    self.onGivingWay = onGivingWay
  }

  /// Takes a new connection in, where there is room or another gives way; false where there is none.
  func open(_ channel: any Channel, _ presence: ClientPresence) -> Bool {
    let address = channel.remoteAddress.flatMap(ClientAddress.init)
    let (isOpen, leaving) = state.withLock { state -> (Bool, Entry?) in
      var leaving: Entry?
      if state.counts[address, default: 0] >= addressLimit {
        guard let own = state.longestWaiting(at: address) else { return (false, nil) }
        leaving = state.remove(own)
      } else if state.entries.count >= limit {
        let crowded = state.counts.max { $0.value < $1.value }?.key
        guard let other = state.longestWaiting(at: crowded) ?? state.longestWaiting() else { return (false, nil) }
        leaving = state.remove(other)
      }
      state.entries[ObjectIdentifier(channel)] = Entry(channel, presence, at: address)
      state.counts[address, default: 0] += 1
      return (true, leaving)
    }
    leaving?.end(.forRoom)
    if leaving != nil || !isOpen { onGivingWay() }
    return isOpen
  }

  /// Forgets a connection that has closed.
  func remove(_ channel: any Channel) { state.withLock { _ = $0.remove(ObjectIdentifier(channel)) } }

  /// From now on the server waits for the client, or the client for the server.
  func set(_ channel: any Channel, isWaiting: Bool) {
    state.withLock { $0.entries[ObjectIdentifier(channel)]?.waitingSince = isWaiting ? .now() : nil }
  }

  /// The client at the other end of `channel`.
  func presence(of channel: any Channel) -> ClientPresence? {
    state.withLock { $0.entries[ObjectIdentifier(channel)]?.presence }
  }

  /// Ends the connections whose clients keep the server waiting, or all, as the server ends.
  func end(waitingOnly: Bool) {
    let entries = state.withLock { Array($0.entries.values) }
    for entry in entries where !waitingOnly || entry.waitingSince != nil { entry.end(End(reason: .shutdown)) }
  }
}
