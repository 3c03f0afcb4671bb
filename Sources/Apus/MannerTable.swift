internal import Synchronization

/// Somebody for whom a model chats with a template that is not its own.
package final class MannerOwner: Sendable {
  package init() {}
}

/// How a model chats for others: what was made of each one's template.
final class MannerTable: Sendable {
  private struct Entry {
    weak var owner: MannerOwner?
    let manner: ChatManner
  }

  private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

  /// The owner's manner, which `make` makes where there is none; those whose owners have gone are dropped then.
  ///
  /// Of two that are made together the first counts.
  func manner(of owner: MannerOwner, _ make: () -> ChatManner) -> ChatManner {
    let id = ObjectIdentifier(owner)
    if let known = entries.withLock({ $0[id] }), known.owner === owner { return known.manner }
    let manner = make()
    return entries.withLock { entries in
      entries = entries.filter { $0.value.owner != nil }
      // Who had the same address before has gone.
      let entry = entries[id] ?? Entry(owner: owner, manner: manner)
      entries[id] = entry
      return entry.manner
    }
  }
}
