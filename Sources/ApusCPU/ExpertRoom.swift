internal import ApusCore

/// Room in which routed feed-forward layers work, kept between operations and grown when it must be.
@safe struct ExpertRoom: ~Copyable {
  /// Bytes that rows and their experts take at most; more rows go through a layer part by part.
  private static let limit = 1 << 27
  /// Rows that are rounded side by side.
  static let quantizedRows = 8

  private var inputs: QuantizedActivations
  private var inner: QuantizedActivations
  private var rows: QuantizedActivations
  private var floats: AlignedBuffer

  init() throws(BackendError) {
    let inputs = try QuantizedActivations()
    let inner = try QuantizedActivations()
    let rows = try QuantizedActivations()
    let floats = try AlignedBuffer(byteCount: 0, for: "experts")
    self.inputs = inputs
    self.inner = inner
    self.rows = rows
    self.floats = floats
  }

  /// What one job works in.
  @unsafe struct Places {
    /// The input of each pair, expert by expert, as int8; with a single row that row alone.
    let inputs: Kernels.QuantizedRows?
    /// The same as floats.
    let floatInputs: UnsafeMutablePointer<Float>
    /// What the activation has left of each pair, as int8 or floats, as the last matrix wants it.
    let inner: Kernels.QuantizedRows?
    let floatInner: UnsafeMutablePointer<Float>
    /// The result of each pair.
    let outputs: UnsafeMutablePointer<Float>
    /// For each worker, results of the gate's matrix, and those of the other.
    let results: UnsafeMutablePointer<Float>
    /// For each worker, some rows of the input as int8.
    let rows: Kernels.QuantizedRows?
  }

  /// How many rows of a layer fit at once.
  static func rowsAtOnce(_ layer: ExpertLayer, used: Int) -> Int {
    let int8 = 48, block = 32
    let perPair =
      layer.up.columns / block * int8 + layer.inner / block * int8
      + floatCount(layer, rows: 2, pairs: 1, workers: 0) * MemoryLayout<Float>.size
    return max(1, limit / max(1, perPair * used))
  }

  /// Floats for some pairs of a layer.
  private static func floatCount(_ layer: ExpertLayer, rows: Int, pairs: Int, workers: Int) -> Int {
    pairs * (floatInputs(layer, rows: rows) + floatInner(layer) + layer.hidden)
      + workers * 2 * ExpertPlan.tileValues
  }

  /// Floats of a pair's input; a single row stays where it is.
  private static func floatInputs(_ layer: ExpertLayer, rows: Int) -> Int {
    rows > 1 && layer.takesFloats ? layer.up.columns : 0
  }

  private static func floatInner(_ layer: ExpertLayer) -> Int { layer.down.isDense ? layer.inner : 0 }

  /// Makes room for `pairs` pairs of `rows` rows.
  @unsafe mutating func reserve(
    _ layer: ExpertLayer, rows: Int, pairs: Int, workers: Int
  ) throws(BackendError) -> Places {
    let count = Self.floatCount(layer, rows: rows, pairs: pairs, workers: workers)
    if count * 4 > floats.byteCount { floats = try AlignedBuffer(byteCount: count * 4, for: "experts") }
    let results = unsafe floats.pointer.assumingMemoryBound(to: Float.self)
    let outputs = unsafe results + workers * 2 * ExpertPlan.tileValues
    let floatInner = unsafe outputs + pairs * layer.hidden
    let floatInputs = unsafe floatInner + pairs * Self.floatInner(layer)
    let columns = layer.up.columns
    return unsafe Places(
      inputs: layer.takesInt8 ? try inputs.reserve(rows: rows > 1 ? pairs : 1, columns: columns) : nil,
      floatInputs: floatInputs,
      inner: layer.down.isDense ? nil : try inner.reserve(rows: pairs, columns: layer.inner),
      floatInner: floatInner, outputs: outputs, results: results,
      rows: layer.takesInt8 && rows > 1
        ? try self.rows.reserve(rows: workers * Self.quantizedRows, columns: columns) : nil)
  }
}
