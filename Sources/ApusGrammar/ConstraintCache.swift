internal import Synchronization

/// What was compiled for texts that say which texts are allowed, so that the next request with the same one need not.
///
/// Bounded in entries and bytes; the least recently used go first. What goes lives on as long as somebody uses it. A text
/// that cannot be compiled is remembered with its error.
package final class ConstraintCache<Value: Sendable, Failure: Error>: Sendable {
  /// What something is compiled from.
  package struct Key: Hashable, Sendable {
    /// Which form the text has, such as `gbnf`, with what else the result depends on.
    let kind: String
    /// The text: its bytes, as strings of different bytes may be equal.
    let bytes: [UInt8]

    package init(kind: String, bytes: [UInt8]) {
      self.kind = kind
      self.bytes = bytes
    }
  }

  /// A result, or the turn of whoever makes it: the others wait for the lock.
  private final class Entry: Sendable {
    let result = Mutex<Result<Value, Failure>?>(nil)
  }

  private struct Slot {
    let entry: Entry
    var lastUse: UInt64
    /// Nothing until it is made.
    var value: Value?
  }

  private struct Slots {
    var slots: [Key: Slot] = [:]
    var uses: UInt64 = 0

    mutating func entry(for key: Key) -> Entry {
      uses += 1
      let entry = slots[key]?.entry ?? Entry()
      slots[key, default: Slot(entry: entry, lastUse: uses)].lastUse = uses
      return entry
    }

    /// Nothing where the entry has gone meanwhile.
    mutating func keep(
      _ result: Result<Value, Failure>, of entry: Entry, for key: Key
    ) {
      guard slots[key]?.entry === entry, case .success(let value) = result else { return }
      slots[key]?.value = value
    }

    mutating func shrink(to entryLimit: Int, bytes byteLimit: Int, _ size: (Value) -> Int) {
      let sizes = slots.map { key, slot in
        (key: key, lastUse: slot.lastUse, bytes: key.bytes.count + (slot.value.map(size) ?? 0))
      }
      var (count, bytes) = (sizes.count, sizes.reduce(0) { $0 + $1.bytes })
      guard count > entryLimit || bytes > byteLimit else { return }
      for oldest in sizes.sorted(by: { $0.lastUse < $1.lastUse }) where count > entryLimit || bytes > byteLimit {
        slots[oldest.key] = nil
        count -= 1
        bytes -= oldest.bytes
      }
    }
  }

  private let slots = Mutex(Slots())
  private let entryLimit: Int
  private let byteLimit: Int
  private let size: @Sendable (Value) -> Int

  /// An empty cache.
  ///
  /// - Parameters:
  ///   - entryLimit: the most results that are kept.
  ///   - byteLimit: the most memory that they and their texts may take, in bytes.
  ///   - size: the memory of a result, in bytes. It may grow: it is asked at every use, and must not wait for anything.
  package init(entryLimit: Int = 64, byteLimit: Int = 32 << 20, size: @escaping @Sendable (Value) -> Int) {
    self.entryLimit = entryLimit
    self.byteLimit = byteLimit
    self.size = size
  }

  /// The number of results that are kept.
  package var count: Int { slots.withLock { $0.slots.count } }

  /// Whether the result for a text is kept, and so given at once.
  package func has(_ key: Key) -> Bool { slots.withLock { $0.slots[key]?.value != nil } }

  /// The result for a text; `make` is called where it is not known, by one caller at a time for each text.
  ///
  /// - Throws: what `make` throws, or threw before, unless `isPassing` says of that that it may be otherwise next time.
  package func value(
    for key: Key, isPassing: (Failure) -> Bool = { _ in false }, make: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let entry = slots.withLock { $0.entry(for: key) }
    let result = entry.result.withLock { known in
      if let known { return known }
      let made = Result(catching: make)
      if case .failure(let error) = made, isPassing(error) { return made }
      known = made
      return made
    }
    slots.withLock { slots in
      slots.keep(result, of: entry, for: key)
      slots.shrink(to: entryLimit, bytes: byteLimit, size)
    }
    return try result.get()
  }
}
