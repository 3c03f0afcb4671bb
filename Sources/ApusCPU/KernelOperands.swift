package import ApusCore

extension Kernels {
  /// Rows of activations as int8, see `apus_activations` in the C header.
  @unsafe package struct QuantizedRows {
    package var codes: UnsafeMutablePointer<Int8>
    package var scales: UnsafeMutablePointer<Float>
    package var sums16: UnsafeMutablePointer<Int16>
    package var sums32: UnsafeMutablePointer<Float>
    package var offsets: UnsafeMutablePointer<Int32>

    package init(
      codes: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>, sums16: UnsafeMutablePointer<Int16>,
      sums32: UnsafeMutablePointer<Float>, offsets: UnsafeMutablePointer<Int32>
    ) {
      unsafe self.codes = codes
      unsafe self.scales = scales
      unsafe self.sums16 = sums16
      unsafe self.sums32 = sums32
      unsafe self.offsets = offsets
    }
  }

  /// Operands of a matmul: y `[n, …]` = x `[n, k]` · wᵀ, where w's rows lie `rowByteCount` apart.
  @unsafe package struct Matmul {
    package var format: TensorFormat
    package var weights: UnsafeRawPointer
    package var rowByteCount: Int
    package var k: Int
    package var n: Int
    package var values: UnsafePointer<Float>
    package var quantized: QuantizedRows?
    package var y: UnsafeMutablePointer<Float>
    package var yStride: Int

    package init(
      format: TensorFormat, weights: UnsafeRawPointer, rowByteCount: Int, k: Int, n: Int, values: UnsafePointer<Float>,
      quantized: QuantizedRows?, y: UnsafeMutablePointer<Float>, yStride: Int
    ) {
      unsafe self.format = format
      unsafe self.weights = weights
      unsafe self.rowByteCount = rowByteCount
      unsafe self.k = k
      unsafe self.n = n
      unsafe self.values = values
      unsafe self.quantized = quantized
      unsafe self.y = y
      unsafe self.yStride = yStride
    }
  }

  /// Attention of `tokens` tokens at consecutive positions of one sequence over its KV blocks, see
  /// `apus_attention_args` in the C header.
  @unsafe package struct Attention {
    package var format: KVFormat
    package var q: UnsafePointer<Float>
    package var y: UnsafeMutablePointer<Float>
    package var qStride: Int
    package var yStride: Int
    package var keys: UnsafeRawPointer
    package var values: UnsafeRawPointer
    package var keyBlockByteCount: Int
    package var valueBlockByteCount: Int
    package var blockTable: UnsafePointer<Int32>
    package var group: Int
    package var keyDimension: Int
    package var valueDimension: Int
    package var tokens: Int
    /// Position of the first token.
    package var position: Int
    /// Positions that a token looks at before and after its own, as far as they are within the sequence's `length`.
    package var before = Int.max
    package var after = 0
    package var length = Int.max
    package var scale: Float
    /// Scores become `softCap · tanh(score / softCap)`; 0 to leave them.
    package var softCap: Float = 0
    /// ALiBi's slope of each head, where there are such.
    package var slopes: UnsafePointer<Float>? = nil
    /// A score of each head that takes part in the softmax and has no value, where there are such.
    package var sinks: UnsafePointer<Float>? = nil
    /// Whether values are the first `valueDimension` values of the keys.
    package var valuesAreKeys = false

    package init(
      format: KVFormat, q: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, qStride: Int, yStride: Int,
      keys: UnsafeRawPointer, values: UnsafeRawPointer, keyBlockByteCount: Int, valueBlockByteCount: Int,
      blockTable: UnsafePointer<Int32>, group: Int, keyDimension: Int, valueDimension: Int, tokens: Int,
      position: Int, scale: Float
    ) {
      unsafe self.format = format
      unsafe self.q = q
      unsafe self.y = y
      unsafe self.qStride = qStride
      unsafe self.yStride = yStride
      unsafe self.keys = keys
      unsafe self.values = values
      unsafe self.keyBlockByteCount = keyBlockByteCount
      unsafe self.valueBlockByteCount = valueBlockByteCount
      unsafe self.blockTable = blockTable
      unsafe self.group = group
      unsafe self.keyDimension = keyDimension
      unsafe self.valueDimension = valueDimension
      unsafe self.tokens = tokens
      unsafe self.position = position
      unsafe self.scale = scale
    }

    /// The parts of 512 positions that the tokens look at.
    package var parts: Range<Int> {
      let first = unsafe before < position ? position - before : 0
      let last = unsafe min(position + tokens + after, length) - 1
      return first / Kernels.attentionPartPositions..<last / Kernels.attentionPartPositions + 1
    }
  }
}
