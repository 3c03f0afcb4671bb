internal import ApusCore
internal import Foundation
internal import Testing

/// RoPE against the reference.
struct PositionTests {
  private static let batch = AttentionBatch(
    positions: [0, 1, 31, 32, 4_095, 9], sequences: [0, 0, 0, 0, 0, 1], blockTables: [(0..<128).map { $0 }, [128]])

  @Test("Tables of cosines and sines", arguments: Subject.all)
  func table(_ subject: Subject) throws {
    for (pairs, magnitude) in [(1, Float(1)), (3, 1), (64, 1.2079)] {
      // An angle is a product of double precision: only its cosine and sine are rounded.
      try compare(subject, .ofPeak(2e-7), "\(pairs) pairs") { bench in
        let table = try bench.buffer(rows: 6, columns: 2 * pairs)
        let parameters = Self.parameters(pairs: pairs, magnitude)
        try bench.step(Self.batch) { bench.backend.ropeTable(parameters, into: table) }
        return bench.read(table)
      }
    }
  }

  @Test("Whole heads and parts of heads turn", arguments: Subject.all, [RopeParameters.Pairing.adjacent, .split])
  func rope(_ subject: Subject, pairing: RopeParameters.Pairing) throws {
    for (heads, dimension, offset, pairs) in [
      (1, 2, 0, 1), (3, 24, 0, 12), (5, 80, 0, 10), (2, 192, 128, 32), (1, 576, 512, 32), (4, 7, 1, 3), (2, 128, 0, 64),
    ] {
      try compare(subject, .ofPeak(1e-6), "\(pairing), \(heads) heads of \(dimension), \(pairs) pairs from \(offset)") {
        bench in
        let x = try bench.buffer(rows: 6, columns: heads * dimension)
        let table = try bench.buffer(rows: 6, columns: 2 * pairs)
        try bench.step(Self.batch) {
          bench.backend.ropeTable(Self.parameters(pairs: pairs, 1.1), into: table)
          bench.backend.rope(x, headDimension: dimension, offset: offset, table: table, pairing: pairing)
        }
        return bench.read(x)
      }
    }
  }

  private static func parameters(pairs: Int, _ magnitude: Float) -> RopeParameters {
    RopeParameters(
      frequencies: (0..<pairs).map { Float(pow(10_000, -Double($0) / Double(pairs))) }, magnitude: magnitude,
      pairing: .split)
  }
}
