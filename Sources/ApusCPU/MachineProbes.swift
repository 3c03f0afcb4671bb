package import ApusCore
private import ApusSystem
internal import CApusKernels
internal import Synchronization

/// A loop of one instruction path over registers, which shows how much arithmetic a core can do at most.
///
/// Who calls it measures the time: nothing here looks at a clock.
package struct ArithmeticLoop: Sendable, Equatable {
  /// What is multiplied and added.
  package enum Kind: String, Sendable { case int8, float32 }

  private let index: Int
  package let kind: Kind
  /// Its instructions.
  package let name: String

  /// The loops that this machine can run; of one kind, later ones use newer instructions.
  package static var supported: [ArithmeticLoop] {
    (0..<apus_loop_count()).filter { apus_loop_supported($0) != 0 }.map(ArithmeticLoop.init)
  }

  private init(_ index: Int) {
    self.index = index
    kind = apus_loop_kind_of(index) == APUS_LOOP_INT8 ? .int8 : .float32
    name = unsafe String(cString: apus_loop_name(index))
  }

  /// Operations of one round; a multiplication and its addition are two.
  package var operations: Int { apus_loop_operations(index) }

  /// Runs `rounds` rounds once for each of `parts`, which the threads take one by one.
  package func run(rounds: Int, parts: Int, on pool: ThreadPool) {
    pool.run(tiles: parts) { _, _ in apus_loop_run(index, rounds) }
  }
}

/// Memory to read from end to end, which shows how fast weights can come at most.
@safe package final class MemoryReader {
  /// Bytes that a thread takes at once: four streams, which do not begin at multiples of a power of two.
  private static let partByteCount = 4 * (260 << 10)

  private let memory: AlignedBuffer
  private let parts: Int
  private let sum = Atomic<UInt64>(0)

  /// Makes room for about `byteCount` bytes in huge pages, where the system has them, and fills it.
  package init(byteCount: Int, on pool: ThreadPool) throws(BackendError) {
    parts = max(1, byteCount / Self.partByteCount)
    memory = try AlignedBuffer(byteCount: parts * Self.partByteCount, for: "reading")
    // Pages that were never written are all the same one.
    pool.run(tiles: parts) { part, _ in
      _ = unsafe memset(self.memory.pointer + part * Self.partByteCount, 1, Self.partByteCount)
    }
  }

  package var byteCount: Int { memory.byteCount }

  /// Reads all bytes once.
  package func read(on pool: ThreadPool) {
    pool.run(tiles: parts) { part, _ in
      let bytes = unsafe self.memory.pointer + part * Self.partByteCount
      self.sum.wrappingAdd(unsafe apus_read_streams(bytes, Self.partByteCount), ordering: .relaxed)
    }
  }
}
