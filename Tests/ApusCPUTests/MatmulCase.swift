internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport

/// One matmul with random operands, all of them ending at a guard page.
@safe struct MatmulCase {
  let format: TensorFormat
  let rows: Int
  let k: Int
  let n: Int
  let weights: GuardedBuffer<UInt8>
  let values: GuardedBuffer<Float>
  private let codes: GuardedBuffer<Int8>
  private let scales: GuardedBuffer<Float>
  private let sums16: GuardedBuffer<Int16>
  private let sums32: GuardedBuffer<Float>
  private let offsets: GuardedBuffer<Int32>

  init(_ format: TensorFormat, rows: Int, k: Int, n: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let blocks = rows * k / format.blockElements
    let weights = (0..<blocks).flatMap { _ in Self.finiteBlock(format, &generator) }
    self.init(format, rows: rows, k: k, n: n, weights: weights, values: generator.normals(n * k))
  }

  /// MXFP4 weights whose quant blocks all have this exponent, and small activations, so that no sum overflows.
  init(exponent: UInt8, rows: Int, k: Int, n: Int) {
    var generator = SeededGenerator(seed: UInt64(exponent))
    let weights = (0..<rows * k / 32).flatMap { _ in [exponent] + generator.bytes(16) }
    let values = generator.normals(n * k).map { $0 * 0x1p-20 }
    self.init(.mxfp4, rows: rows, k: k, n: n, weights: weights, values: values)
  }

  /// Sums as large as they come: all bytes of the weights but the scales are `byte`, all activations `value`.
  init(_ format: TensorFormat, rows: Int, k: Int, n: Int, byte: UInt8, value: Float) {
    var block = [UInt8](repeating: byte, count: format.blockByteCount)
    RandomTensor.setScales(of: &block, format)
    let weights = (0..<rows * k / format.blockElements).flatMap { _ in block }
    self.init(
      format, rows: rows, k: k, n: n, weights: weights, values: [Float](repeating: value, count: n * k))
  }

  private init(_ format: TensorFormat, rows: Int, k: Int, n: Int, weights: [UInt8], values: [Float]) {
    self.format = format
    self.rows = rows
    self.k = k
    self.n = n
    self.weights = GuardedBuffer(weights)
    self.values = GuardedBuffer(values)
    codes = GuardedBuffer([Int8](repeating: 0, count: n * k))
    scales = GuardedBuffer([Float](repeating: 0, count: n * k / 32))
    sums16 = GuardedBuffer([Int16](repeating: 0, count: n * k / 16))
    sums32 = GuardedBuffer([Float](repeating: 0, count: n * k / 32))
    offsets = GuardedBuffer([Int32](repeating: 0, count: n * k / 32))
  }

  /// A random quant block without NaN or infinity.
  static func finiteBlock(_ format: TensorFormat, _ generator: inout SeededGenerator) -> [UInt8] {
    while true {
      var bytes = generator.bytes(format.blockByteCount)
      // Of any two powers of two one would hide the other's errors.
      if format == .mxfp4 { bytes[0] = 0x78 | bytes[0] & 7 }
      if isFinite(format, bytes) { return bytes }
    }
  }

  private static func isFinite(_ format: TensorFormat, _ block: [UInt8]) -> Bool {
    unsafe block.withUnsafeBytes { unsafe Kernels.firstNonFinite(format, $0.baseAddress!, blocks: 1) == nil }
  }

  /// Some columns as matmuls take them, which stand until others are made.
  @safe struct Columns {
    let range: Range<Int>
    fileprivate let quantized: Kernels.QuantizedRows?
  }

  func columns(_ range: Range<Int>) -> Columns {
    unsafe Columns(range: range, quantized: format.isDense ? nil : quantize(range))
  }

  /// The last columns, whose operands all end at guard pages.
  func lastColumns(_ count: Int) -> Columns { columns(n - count..<n) }

  /// The given columns as int8 activations.
  private func quantize(_ columns: Range<Int>) -> Kernels.QuantizedRows? {
    guard let reference = Kernels(level: "reference") else { return nil }
    let rows = unsafe Kernels.QuantizedRows(
      codes: codes.end(count: columns.count * k), scales: scales.end(count: columns.count * k / 32),
      sums16: sums16.end(count: columns.count * k / 16), sums32: sums32.end(count: columns.count * k / 32),
      offsets: offsets.end(count: columns.count * k / 32))
    for (index, column) in columns.enumerated() {
      let (place, chunk) = unsafe rows.place(row: index, of: columns.count, columns: k)
      unsafe reference.quantize(values.pointer + column * k, rows: 1, count: k, into: place, chunkRows: chunk.count)
    }
    return unsafe rows
  }

  var rowByteCount: Int { k / format.blockElements * format.blockByteCount }

  /// y `[n, rows]` of the given rows and columns; values outside are NaN.
  func run(_ kernels: Kernels, rows range: Range<Int>, columns: Columns) -> [Float] {
    let y = GuardedBuffer([Float](repeating: .nan, count: n * rows))
    let first = columns.range.lowerBound
    let operands = unsafe Kernels.Matmul(
      format: format, weights: weights.pointer, rowByteCount: rowByteCount, k: k, n: columns.range.count,
      values: values.pointer + first * k, quantized: columns.quantized, y: y.pointer + first * rows, yStride: rows)
    unsafe kernels.matmul(operands, rows: range)
    return y.values
  }

  func run(_ kernels: Kernels, columns: Columns) -> [Float] { run(kernels, rows: 0..<rows, columns: columns) }

  /// What is expected of the first columns: y `[columns, rows]`, and `sum |w x|`, which rounding errors are relative
  /// to.
  struct Expectation {
    let values: [Float]
    let magnitudes: [Float]
  }

  func expectation(columns count: Int, _ reference: Kernels) -> Expectation {
    let values = run(reference, columns: columns(0..<count)).prefix(count * rows)
    return Expectation(values: Array(values), magnitudes: magnitudes(columns: count, reference))
  }

  private func magnitudes(columns count: Int, _ reference: Kernels) -> [Float] {
    var decoded = [Float](repeating: 0, count: rows * k)
    unsafe decoded.withUnsafeMutableBufferPointer {
      unsafe reference.decode(format, weights.pointer, count: rows * k, into: $0.baseAddress!)
    }
    let w = GuardedBuffer(decoded.map(abs)), x = GuardedBuffer(values.values.prefix(count * k).map(abs))
    let y = GuardedBuffer([Float](repeating: .nan, count: count * rows))
    let operands = unsafe Kernels.Matmul(
      format: .f32, weights: w.pointer, rowByteCount: k * 4, k: k, n: count, values: x.pointer, quantized: nil,
      y: y.pointer, yStride: rows)
    unsafe reference.matmul(operands, rows: 0..<rows)
    return y.values
  }
}
