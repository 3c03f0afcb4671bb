internal import ApusCore
internal import ApusReference
internal import Foundation
internal import Testing

/// What does not fit ends the process before a backend sees it.
///
/// Each test runs in a process of its own; that the same calls with operands that fit go through is what all other
/// tests show.
struct CheckedFrontTests {
  /// How a precondition that fails ends the process; an error that a test's body throws ends it otherwise.
  #if arch(x86_64)
    static let trap = ExitTest.Condition.signal(SIGILL)
  #else
    static let trap = ExitTest.Condition.signal(SIGTRAP)
  #endif

  @Test("A gain of another size") func gain() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let x = try bench.buffer(rows: 2, columns: 64)
      let gain = try bench.vector(48)
      bench.backend.norm(x, NormParameters(epsilon: 1, groups: 4), gain: gain, into: x)
    }
  }

  @Test("A buffer of another backend") func owner() async {
    await #expect(processExitsWith: Self.trap) {
      let (bench, other) = (try Bench(ReferenceBackend(), seed: 1), try Bench(ReferenceBackend(), seed: 1))
      let (x, y) = (try bench.buffer(rows: 2, columns: 4), try other.buffer(rows: 2, columns: 4))
      bench.backend.add(y, to: x)
    }
  }

  @Test("A weight with other columns than the rows that it meets") func columns() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let (x, y) = (try bench.buffer(rows: 2, columns: 64), try bench.buffer(rows: 2, columns: 9))
      bench.backend.matmul(x, [try bench.weight(rows: 9, columns: 32)], into: [y])
    }
  }

  @Test("A token that the table lacks") func token() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      bench.backend.embed([5], from: try bench.weight(rows: 5, columns: 8), into: try bench.buffer(rows: 1, columns: 8))
    }
  }

  @Test("Keys outside of a step") func outside() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let layer = KVLayerLayout(kvHeads: 1, keyDimension: 32, valueDimension: 32)
      let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 1))
      let k = try bench.buffer(rows: 0, columns: 32)
      bench.backend.store(k, k, in: cache, layer: 0)
    }
  }

  @Test("A block table that ends before a row's position") func table() async {
    await #expect(processExitsWith: Self.trap) {
      ReferenceBackend().begin(AttentionBatch(positions: [32], sequences: [0], blockTables: [[0]]))
    }
  }

  @Test("A step that begins before the last one was finished") func steps() async {
    await #expect(processExitsWith: Self.trap) {
      let backend = ReferenceBackend()
      backend.begin(AttentionBatch())
      backend.begin(AttentionBatch())
    }
  }

  @Test("A KV block beyond the pool") func block() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let layer = KVLayerLayout(kvHeads: 1, keyDimension: 32, valueDimension: 32)
      let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 1))
      let k = try bench.buffer(rows: 1, columns: 32)
      bench.backend.begin(AttentionBatch(positions: [0], sequences: [0], blockTables: [[1]]))
      bench.backend.store(k, k, in: cache, layer: 0)
    }
  }

  @Test("A copy of a KV block that the pool lacks") func copy() async {
    await #expect(processExitsWith: Self.trap) {
      let backend = ReferenceBackend()
      let layer = KVLayerLayout(kvHeads: 1, keyDimension: 32, valueDimension: 32)
      let cache = try backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 2))
      backend.copyBlock(.full, from: 0, to: 2, positions: 1, in: cache)
    }
  }

  @Test("Rows that were not routed") func routing() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let (x, y) = (try bench.buffer(rows: 2, columns: 8), try bench.buffer(rows: 2, columns: 8))
      let weight = try bench.weight(count: 3, rows: 8, columns: 8)
      let routing = try bench.backend.makeRouting(rows: 2, used: 1, experts: 3)
      let experts = ExpertWeights(gate: nil, up: weight, down: weight, activation: .silu)
      bench.backend.experts(x, routing, experts, into: y)
    }
  }

  @Test("A full mask over part of a sequence") func mask() async {
    await #expect(processExitsWith: Self.trap) {
      let bench = try Bench(ReferenceBackend(), seed: 1)
      let layer = KVLayerLayout(kvHeads: 1, keyDimension: 32, valueDimension: 32)
      let cache = try bench.backend.makeKVCache(KVCacheLayout(layers: [layer], format: .f16, blocks: 1))
      let (x, y) = (try bench.buffer(rows: 1, columns: 32), try bench.buffer(rows: 1, columns: 32))
      bench.backend.begin(AttentionBatch(positions: [1], sequences: [0], blockTables: [[0]]))
      bench.backend.store(x, x, in: cache, layer: 0)
      bench.backend.attention(
        x, over: cache, layer: 0, AttentionParameters(heads: 1, scale: 1, mask: .full(window: nil)), into: y)
    }
  }
}
