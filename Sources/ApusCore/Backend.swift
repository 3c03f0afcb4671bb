/// Rotary position embedding of one model: which pairs of a head turn, and how fast.
package struct RopeParameters: Sendable {
  /// Which two values of a head form a pair.
  package enum Pairing: Sendable {
    /// `(2i, 2i + 1)`: Llama's GGUF files.
    case adjacent
    /// `(i, i + dimensions / 2)`: NeoX and most others.
    case halves
  }
  /// Radians per position of each pair, `[dimensions / 2]`, all scaling applied.
  package var frequencies: [Float]
  /// Factor on cosine and sine (YaRN's attention scaling); 1 otherwise.
  package var magnitude: Float
  package var pairing: Pairing

  package init(frequencies: [Float], magnitude: Float = 1, pairing: Pairing) {
    self.frequencies = frequencies
    self.magnitude = magnitude
    self.pairing = pairing
  }
}

/// What attention needs beside q and the cache.
package struct AttentionParameters: Sendable {
  package var heads: Int
  /// Factor on q·k, usually `1 / sqrt(keyDimension)`.
  package var scale: Float
  /// Positions that a token can look back on, itself included; nil for all.
  package var window: Int?

  package init(heads: Int, scale: Float, window: Int? = nil) {
    self.heads = heads
    self.scale = scale
    self.window = window
  }
}

/// Who executes a model's operations.
///
/// A dozen coarse calls, each on the rows that its buffers currently use. A call may return before the work is
/// done; only `read` waits. A failure inside an operation is kept and thrown by the next `read`.
/// Calls of one step come from one thread at a time.
package protocol Backend: AnyObject, Sendable {
  /// Makes room for activations `[rows, columns]`.
  func makeBuffer(rows: Int, columns: Int) throws(BackendError) -> Buffer
  /// Takes a weight into use; it may stay mapped where it is.
  func makeWeight(_ source: WeightSource) throws(BackendError) -> Weight
  /// Makes a pool of KV blocks; memory is taken as blocks are first written.
  func makeKVCache(_ layout: KVCacheLayout) throws(BackendError) -> KVCache

  /// `x[i] = table[tokens[i]]`.
  func embed(_ tokens: [Token], from table: Weight, into x: Buffer)
  /// `y = x / sqrt(mean(x²) + epsilon) · gain`, row by row. x and y may be the same buffer.
  func rmsNorm(_ x: Buffer, gain: Weight, epsilon: Float, into y: Buffer)
  /// `y[j] = x · w[j]ᵀ` for each pair: all weights read the same x `[rows, columns]`.
  func matmul(_ x: Buffer, _ weights: [Weight], into results: [Buffer])
  /// `x[i] += bias` for every row i.
  func addBias(_ bias: Weight, to x: Buffer)
  /// Cosine and sine for the batch's positions, into table `[rows, 2 · pairs]`.
  func ropeTable(_ parameters: RopeParameters, for batch: AttentionBatch, into table: Buffer)
  /// Turns the first `2 · pairs` values of each head of x by the table.
  func rope(_ x: Buffer, headDimension: Int, table: Buffer, pairing: RopeParameters.Pairing)
  /// Stores k and v `[rows, kvHeads · dimension]` at the batch's positions.
  func store(_ k: Buffer, _ v: Buffer, in cache: KVCache, layer: Int, at batch: AttentionBatch)
  /// Causal attention of q `[rows, heads · keyDimension]` over the cache, into y `[rows, heads · valueDimension]`.
  func attention(
    _ q: Buffer, over cache: KVCache, layer: Int, at batch: AttentionBatch, _ parameters: AttentionParameters,
    into y: Buffer)
  /// `up = silu(gate) · up`.
  func swiGLU(gate: Buffer, up: Buffer)
  /// `x += y`.
  func add(_ y: Buffer, to x: Buffer)
  /// `y[i] = x[rows[i]]`.
  func gather(_ x: Buffer, rows: [Int], into y: Buffer)
  /// Waits for all work and copies one row of x into `values`.
  func read(_ x: Buffer, row: Int, into values: inout [Float]) throws(BackendError)
  /// Reads a whole weight; throws where it holds a NaN or infinity, or zeros that its storage has made.
  func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError)
  /// Whether what was used of a weight is still what it was at its first use. Reads that once more.
  func isUnchanged(_ weight: Weight) -> Bool
}
