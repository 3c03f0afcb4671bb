internal import ApusCore

/// The random data of one tensor: weights of mean zero, or gains near one, made piece by piece.
struct RandomMatrix {
  /// How the values lie around their mean.
  struct Distribution {
    var mean: Double = 0
    var deviation: Double
  }

  /// Bytes of a piece, about.
  private static let pieceByteCount = 1 << 20

  let format: TensorFormat
  let elements: Int
  let distribution: Distribution
  let words: RandomWords

  /// Gives the data to `emit`, piece by piece.
  func forEachPiece(_ emit: (Span<UInt8>) throws -> Void) throws {
    var pieces = Pieces(self)
    // Whole quant blocks and whole words.
    let blocks = Self.pieceByteCount / (8 * format.blockByteCount) * 8
    let total = elements / format.blockElements
    for start in stride(from: 0, to: total, by: blocks) {
      let end = min(start + blocks, total)
      pieces.fill(start..<end)
      try emit(pieces.bytes.span.extracting(first: (end - start) * format.blockByteCount))
    }
  }
}

/// Makes one piece after the other, in the same memory.
private struct Pieces {
  private let matrix: RandomMatrix
  private let variants: BlockVariants?
  private(set) var bytes: [UInt8] = []

  init(_ matrix: RandomMatrix) {
    self.matrix = matrix
    variants =
      matrix.format.isDense ? nil : BlockVariants(matrix.format, deviation: matrix.distribution.deviation)
  }

  /// Makes the quant blocks, or dense values, with these numbers; `blocks` starts at a whole word of the data.
  mutating func fill(_ blocks: Range<Int>) {
    let byteCount = blocks.count * matrix.format.blockByteCount
    let words = (byteCount + 7) / 8
    let size = variants == nil ? byteCount : 8 * words
    if bytes.count != size { bytes = [UInt8](repeating: 0, count: size) }
    guard let variants else { return fillDense(blocks) }
    fillRandom(words, from: blocks.lowerBound * matrix.format.blockByteCount / 8)
    stamp(variants, blocks.count)
  }

  private mutating func fillRandom(_ count: Int, from start: Int) {
    let (words, hasLowestCode) = (matrix.words, matrix.format != .q8_0)
    var span = bytes.mutableSpan
    // Bytes take any bits.
    var raw = unsafe span.mutableBytes
    for index in 0..<count {
      let word = words[start + index]
      let codes = hasLowestCode ? word : withoutLowestCode(word)
      raw.storeBytes(of: codes.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
    }
  }

  /// Puts scales and mins into random blocks; the random byte in the place of the first one chooses which.
  private mutating func stamp(_ variants: BlockVariants, _ count: Int) {
    let size = matrix.format.blockByteCount
    let first = variants.fields[0].lowerBound
    var span = bytes.mutableSpan
    for block in 0..<count {
      let target = block * size
      let source = Int(span[target + first]) % BlockVariants.count * size
      for field in variants.fields {
        for offset in field { span[target + offset] = variants.bytes[source + offset] }
      }
    }
  }

  /// Uniform values, of 32 random bits each.
  private mutating func fillDense(_ elements: Range<Int>) {
    let (mean, deviation, format) = (matrix.distribution.mean, matrix.distribution.deviation, matrix.format)
    // The uniform distribution over -1...1 has the variance 1/3.
    let scale = Float(deviation * 3.0.squareRoot() * 0x1p-31)
    let words = matrix.words
    var values = [Float](repeating: 0, count: elements.count)
    for index in values.indices {
      let place = elements.lowerBound + index
      let bits = Int32(truncatingIfNeeded: words[place / 2] >> UInt64(32 * (place % 2)))
      values[index] = Float(bits) * scale + Float(mean)
    }
    var span = bytes.mutableSpan
    do {
      try format.encode(values.span, into: &span)
    } catch {
      preconditionFailure("dense formats take every value: \(error)")
    }
  }
}

/// Turns each byte of -128, which no encoder of Q8_0 writes, into 0, so that the mean of the codes is zero.
@inline(__always)
private func withoutLowestCode(_ word: UInt64) -> UInt64 {
  let signs: UInt64 = 0x8080_8080_8080_8080
  // Zero in the bytes of -128; then the sign bit in those bytes and nothing else.
  let differences = word ^ signs
  let isLowest = ~(((differences & ~signs) &+ ~signs) | differences | ~signs)
  return word ^ isLowest
}
