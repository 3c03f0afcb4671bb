internal import ApusCore
internal import ApusReference
internal import Testing

/// What works on rows one by one, against the reference: one row, many rows, odd sizes.
struct RowTests {
  static let shapes = [(1, 1), (1, 64), (3, 7), (33, 40), (2, 4_099)]

  // Sums of up to 4,099 squares in float: parts of them are summed apart, so that errors stay some units of the last
  // place. Elementwise operations are off by a few such units.
  private let tolerance = Tolerance.ofPeak(3e-6)

  @Test("Norms, of rows and of groups, with and without gain and bias", arguments: Subject.all)
  func norm(_ subject: Subject) throws {
    for kind in [NormParameters.Kind.rms, .layer] {
      for (rows, columns, groups) in [(1, 64, 1), (33, 120, 5), (2, 21, 3), (1, 4_099, 1), (3, 512, 4)] {
        for variant in 0..<5 {
          try compare(subject, tolerance, "\(kind), \(rows) rows of \(groups) groups of \(columns), variant \(variant)")
          {
            bench in
            let x = try bench.buffer(rows: rows, columns: columns, scale: 5)
            let isWhole = variant < 3
            let gain = variant == 0 ? nil : try bench.vector(isWhole ? columns : columns / groups)
            let bias = variant.isMultiple(of: 2) ? try bench.vector(isWhole ? columns : columns / groups) : nil
            let parameters = NormParameters(kind, epsilon: 1e-3, groups: groups)
            let y = variant == 1 ? x : try bench.buffer(rows: rows, columns: columns)
            try bench.step { bench.backend.norm(x, parameters, gain: gain, bias: bias, into: y) }
            return bench.read(y)
          }
        }
      }
    }
  }

  @Test("A gain may have any format that vectors have", arguments: Subject.all)
  func formatsOfVectors(_ subject: Subject) throws {
    for format in [TensorFormat.f16, .bf16] {
      try compare(subject, tolerance, "\(format)") { bench in
        let x = try bench.buffer(rows: 2, columns: 33)
        let y = try bench.buffer(rows: 2, columns: 33)
        let (gain, bias) = (
          try bench.weight(format, rows: 1, columns: 33), try bench.weight(format, rows: 1, columns: 33)
        )
        try bench.step {
          bench.backend.norm(x, NormParameters(epsilon: 1e-5), gain: gain, into: y)
          bench.backend.addBias(bias, to: y)
        }
        return bench.read(y)
      }
    }
  }

  @Test("A row of zeros, and one of very large values, have a norm", arguments: Subject.all)
  func extremeNorms(_ subject: Subject) throws {
    for (kind, value) in [(NormParameters.Kind.rms, Float(0)), (.layer, 0), (.layer, 1e6), (.rms, 1e15)] {
      try compare(subject, tolerance, "\(kind) of \(value)") { bench in
        let x = try bench.buffer(values: [Float](repeating: value, count: 64), rows: 1)
        try bench.step { bench.backend.norm(x, NormParameters(kind, epsilon: 1e-6), gain: nil, into: x) }
        return bench.read(x)
      }
    }
  }

  @Test("Biases, sums and factors", arguments: Subject.all)
  func sums(_ subject: Subject) throws {
    for (rows, columns) in Self.shapes {
      try compare(subject, tolerance, "\(rows) rows of \(columns)") { bench in
        let (x, y) = (try bench.buffer(rows: rows, columns: columns), try bench.buffer(rows: rows, columns: columns))
        let bias = try bench.vector(columns)
        try bench.step {
          bench.backend.addBias(bias, to: x)
          bench.backend.add(y, to: x)
          bench.backend.add(y, to: x, factor: -0.37)
          bench.backend.scale(x, by: 12.5)
          bench.backend.scale(x, by: 1)
        }
        return bench.read(x)
      }
    }
  }

  @Test("Soft caps", arguments: Subject.all, [Float(0.5), 30, 1e4])
  func cap(_ subject: Subject, limit: Float) throws {
    for (rows, columns) in Self.shapes {
      try compare(subject, tolerance, "at \(limit), \(rows) rows of \(columns)") { bench in
        let x = try bench.buffer(rows: rows, columns: columns, scale: 20)
        try bench.step { bench.backend.cap(x, at: limit) }
        return bench.read(x)
      }
    }
  }

  @Test("Activations, of one value and of a gate", arguments: Subject.all, Activation.allCases)
  func activations(_ subject: Subject, activation: Activation) throws {
    for (rows, columns) in Self.shapes {
      for scale: Float in [0.1, 3, 40] {
        if activation != .clampedSwish {
          try compare(subject, tolerance, "\(activation), \(scale), \(rows) rows of \(columns)") { bench in
            let x = try bench.buffer(rows: rows, columns: columns, scale: scale)
            try bench.step { bench.backend.activate(x, activation) }
            return bench.read(x)
          }
        }
        for gates in [columns, 1] {
          try compare(subject, tolerance, "\(activation), \(scale), \(gates) gates, \(rows) rows of \(columns)") {
            bench in
            let up = try bench.buffer(rows: rows, columns: columns, scale: scale)
            let gate = try bench.buffer(rows: rows, columns: gates, scale: scale)
            try bench.step { bench.backend.gate(up, by: gate, activation) }
            return bench.read(up) + bench.read(gate)
          }
        }
      }
    }
  }

  @Test("Activations are right value by value, also far from zero", arguments: Subject.all, Activation.allCases)
  func activationValues(_ subject: Subject, activation: Activation) throws {
    let values = [-1e30, -200, -88, -20, -10, -5, -1, -0.1, -1e-3, 0, 1e-3, 0.1, 1, 5, 6.9, 7.1, 10, 88, 200, 1e15]
    for value in values.map(Float.init) {
      let found = try Self.activated(Bench(subject.make(), seed: 1), value, activation)
      let expected = try Self.activated(Bench(ReferenceBackend(), seed: 1), value, activation)
      // Some units of the last place of the result, and of the terms that cancel where it is nearly zero.
      let limit = 4e-6 * abs(expected) + 4e-7 * min(abs(value), 20)
      #expect(abs(found - expected) <= limit, "\(activation) of \(value): \(found), not \(expected)")
    }
  }

  private static func activated(_ bench: Bench, _ value: Float, _ activation: Activation) throws -> Float {
    let (up, gate) = (try bench.buffer(values: [1], rows: 1), try bench.buffer(values: [value], rows: 1))
    try bench.step { bench.backend.gate(up, by: gate, activation) }
    return bench.read(up)[0]
  }

  @Test("Queries are tempered by their positions", arguments: Subject.all)
  func temper(_ subject: Subject) throws {
    try compare(subject, tolerance, "") { bench in
      let x = try bench.buffer(rows: 5, columns: 40)
      let positions: [Int32] = [0, 31, 32, 95, 2_000]
      let batch = AttentionBatch(
        positions: positions, sequences: [0, 0, 0, 0, 0], blockTables: [(0..<63).map { $0 }])
      try bench.step(batch) { bench.backend.temper(x, factor: 0.1, every: 32) }
      return bench.read(x)
    }
  }

  @Test("Rows are added to some rows, each with its factor", arguments: Subject.all)
  func addToSomeRows(_ subject: Subject) throws {
    for (rows, columns) in [([0], 1), ([2], 64), ([0, 3, 4], 37), ([0, 1, 2, 3, 4], 4_099), ([], 8)] {
      try compare(subject, tolerance, "rows \(rows) of \(columns)") { bench in
        let x = try bench.buffer(rows: 5, columns: columns)
        let y = try bench.buffer(rows: rows.count, columns: columns)
        let factors = rows.indices.map { [1, -0.5, 0, 7, 0.1][$0] as Float }
        try bench.step { bench.backend.add(y, to: x, rows: rows, factors: factors) }
        return bench.read(x)
      }
    }
  }

  @Test("Rows are gathered, read and embedded", arguments: Subject.all)
  func rows(_ subject: Subject) throws {
    for format in TensorFormat.allCases {
      let columns = format.isDense ? 37 : 2 * format.blockElements
      // Decoding rounds as the codecs do: not even the last bit may differ.
      try compare(subject, .ofPeak(0), "\(format)") { bench in
        let table = try bench.weight(format, rows: 11, columns: columns)
        let (x, y) = (try bench.buffer(rows: 4, columns: columns), try bench.buffer(rows: 3, columns: columns))
        try bench.step {
          bench.backend.embed([10, 0, 3, 10], from: table, into: x)
          bench.backend.gather(x, rows: [2, 0, 2], into: y)
        }
        var part = [Float](repeating: 0, count: 2 * columns)
        var span = part.mutableSpan
        bench.backend.read(x, rows: 1..<3, into: &span)
        return bench.read(x) + bench.read(y) + part
      }
    }
  }

  @Test("Parts of heads are copied; what is beside them stays", arguments: Subject.all)
  func copyHeads(_ subject: Subject) throws {
    for (rows, heads, from, part, to, target) in [
      (1, 1, 7, 2..<5, 9, 6), (33, 4, 24, 8..<24, 40, 24), (3, 3, 8, 0..<8, 8, 0), (2, 1, 576, 512..<576, 64, 0),
    ] {
      try compare(subject, .ofPeak(0), "\(rows) rows of \(heads) heads of \(from)") { bench in
        let x = try bench.buffer(rows: rows, columns: heads * from)
        let y = try bench.buffer(rows: rows, columns: heads * to)
        try bench.step { bench.backend.copyHeads(x, heads: heads, from: part, into: y, at: target) }
        return bench.read(y)
      }
    }
    // One head of 80 values, of which the last 16 go to each of 5.
    try compare(subject, .ofPeak(0), "shared") { bench in
      let (x, y) = (try bench.buffer(rows: 3, columns: 80), try bench.buffer(rows: 3, columns: 5 * 48))
      try bench.step { bench.backend.copyHeads(x, heads: 5, from: 64..<80, into: y, at: 32) }
      return bench.read(y)
    }
  }
}
