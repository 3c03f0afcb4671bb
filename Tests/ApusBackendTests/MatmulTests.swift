internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// Products with weights of every format against the reference.
struct MatmulTests {
  /// Rows of x, rows and columns of the weight.
  static func shapes(_ format: TensorFormat) -> [(Int, Int, Int)] {
    let unit = format.isDense ? 1 : format.blockElements
    let depths = format.isDense ? [1, 33, 300] : [unit, 3 * unit]
    let deep = format.isDense ? [(2, 5, 4_099)] : []
    return deep + depths.flatMap { [(1, 1, $0), (1, 35, $0), (3, 8, $0), (33, 7, $0), (40, 37, $0)] }
  }

  @Test("Products of every format, several weights at once", arguments: Subject.all, TensorFormat.allCases)
  func matmul(_ subject: Subject, format: TensorFormat) throws {
    for (n, rows, columns) in Self.shapes(format) {
      let (found, _) = try products(Bench(subject.make(), seed: 3), format, n, rows, columns)
      let (expected, limits) = try products(Bench(ReferenceBackend(), seed: 3), format, n, rows, columns)
      for i in expected.indices where !(abs(found[i] - expected[i]) <= limits[i]) {
        Issue.record("\((n, rows, columns)), \(i): \(found[i]) instead of \(expected[i]), allowed \(limits[i])")
        return
      }
    }
  }

  /// The products with two weights, and how far they may be off.
  private func products(
    _ bench: Bench, _ format: TensorFormat, _ n: Int, _ rows: Int, _ columns: Int
  ) throws -> (values: [Float], limits: [Float]) {
    let values = bench.generator.normals(n * columns)
    let x = try bench.buffer(values: values, rows: n)
    let bytes = [rows, 5].map { RandomTensor.bytes(format, elements: $0 * columns, using: &bench.generator) }
    let weights = try zip([rows, 5], bytes).map { try bench.weight(format, rows: $0, columns: columns, bytes: $1) }
    let results = try [rows, 5].map { try bench.buffer(rows: n, columns: $0) }
    try bench.step { bench.backend.matmul(x, weights, into: results) }
    let limits = bytes.flatMap { self.limits(format, $0, columns: columns, x: values) }
    return (results.flatMap { bench.read($0) }, limits)
  }

  /// How far each product may be off.
  ///
  /// A float sum of k terms is off by at most k units of the last place of Σ|w x|. Quantized weights meet activations
  /// that were rounded to int8, by up to half a step of their block of 32.
  private func limits(_ format: TensorFormat, _ bytes: [UInt8], columns: Int, x: [Float]) -> [Float] {
    var weights = [Float](repeating: 0, count: bytes.count / format.blockByteCount * format.blockElements)
    var span = weights.mutableSpan
    format.decode(unsafe bytes.span.bytes, into: &span)
    return stride(from: 0, to: x.count, by: columns).flatMap { start in
      let x = Array(x[start..<start + columns])
      let steps = stride(from: 0, to: columns, by: 32).map { first in
        format.isDense ? 0 : (x[first..<min(first + 32, columns)].map(abs).max() ?? 0) / 254
      }
      return stride(from: 0, to: weights.count, by: columns).map { row in
        var limit: Float = 1e-30
        for i in 0..<columns {
          limit += abs(weights[row + i]) * (steps[i / 32] + abs(x[i]) * 0x1p-24 * Float(max(256, columns)))
        }
        return limit
      }
    }
  }

  @Test("A matrix for each head; what is beside the results stays", arguments: Subject.all)
  func heads(_ subject: Subject) throws {
    for (format, tolerance) in [
      (TensorFormat.f32, Tolerance.ofPeak(2e-6)), (.f16, .ofPeak(2e-6)), (.q8_0, .ofPeak(0.02)),
    ] {
      for (n, heads, head, offset, columns, rows, target, width) in [
        (1, 1, 32, 0, 32, 5, 0, 5), (3, 4, 96, 32, 64, 33, 2, 40), (33, 3, 64, 0, 32, 8, 0, 8),
      ] {
        try compare(subject, tolerance, "\(format), \(n) rows of \(heads) heads") { bench in
          let x = try bench.buffer(rows: n, columns: heads * head)
          let y = try bench.buffer(rows: n, columns: heads * width, scale: 0.1)
          let weight = try bench.weight(format, count: heads, rows: rows, columns: columns)
          try bench.step { bench.backend.matmulHeads(x, from: offset, weight, into: y, at: target) }
          return bench.read(y)
        }
      }
    }
  }

  @Test("Some rows of a matrix, and of each matrix of a stack", arguments: Subject.all)
  func slices(_ subject: Subject) throws {
    try compare(subject, .ofPeak(0.02), "") { bench in
      let bytes = RandomTensor.bytes(.q8_0, elements: 3 * 10 * 64, using: &bench.generator)
      let matrix = try bench.source(.q8_0, rows: 30, columns: 64, bytes: bytes)
      let stack = try bench.source(.q8_0, count: 3, rows: 10, columns: 64, bytes: bytes)
      let x = try bench.buffer(rows: 3, columns: 3 * 64)
      let one = try bench.buffer(rows: 3, columns: 64)
      let (y, z) = (try bench.buffer(rows: 3, columns: 7), try bench.buffer(rows: 3, columns: 3 * 4))
      let part = try bench.backend.makeWeight(matrix.slice(rows: 11..<18))
      let parts = try bench.backend.makeWeight(stack.slice(rows: 6..<10))
      try bench.step {
        bench.backend.matmul(one, [part], into: [y])
        bench.backend.matmulHeads(x, parts, into: z)
      }
      return bench.read(y) + bench.read(z)
    }
  }
}
