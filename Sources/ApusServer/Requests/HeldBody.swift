internal import Synchronization

/// Bounds the bytes of all request bodies that are held at once.
final class BodyMemory: Sendable {
  /// Bytes of each body that are not counted, so that large bodies never keep small ones out.
  private static let freeByteCount = 64 << 10

  private let left: Mutex<Int>

  init(byteCount: Int) { left = Mutex(byteCount) }

  /// A claim for a body of which nothing has come.
  func claim() -> Claim { Claim(self) }

  fileprivate func take(_ byteCount: Int) -> Bool {
    left.withLock { left in
      guard byteCount <= left else { return false }
      left -= byteCount
      return true
    }
  }

  /// What one body takes of the memory; given back when the last reference is gone.
  final class Claim: Sendable {
    private let memory: BodyMemory
    private let taken = Mutex(0)

    fileprivate init(_ memory: BodyMemory) { self.memory = memory }

    /// Whether the body may have so many bytes.
    func grow(to byteCount: Int) -> Bool {
      taken.withLock { taken in
        let wanted = max(taken, byteCount - BodyMemory.freeByteCount)
        guard memory.take(wanted - taken) else { return false }
        taken = wanted
        return true
      }
    }

    deinit {
      let taken = taken.withLock { $0 }
      memory.left.withLock { $0 += taken }
    }
  }
}

/// The bytes of a request's body, and their claim on the memory for bodies.
struct HeldBody: Sendable {
  let bytes: [UInt8]
  let claim: BodyMemory.Claim

  init(_ bytes: [UInt8], _ claim: BodyMemory.Claim) {
    self.bytes = bytes
    self.claim = claim
  }
}
