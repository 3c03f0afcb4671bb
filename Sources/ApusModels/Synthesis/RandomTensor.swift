internal import ApusCore

/// The random data of one tensor, made piece by piece: random bits, with scales and mins put in.
struct RandomTensor {
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
    let variants = BlockVariants(format, distribution)
    let total = elements / format.blockElements
    // Eight quant blocks are whole words, with which a piece has to begin.
    let count = Self.pieceByteCount / (8 * format.blockByteCount) * 8
    var bytes = [UInt8](repeating: 0, count: min(count, (total + 7) / 8 * 8) * format.blockByteCount)
    for start in stride(from: 0, to: total, by: count) {
      let blocks = min(count, total - start)
      fill(&bytes, from: start)
      stamp(variants, on: &bytes, blocks: blocks)
      try emit(bytes.span.extracting(first: blocks * format.blockByteCount))
    }
  }

  /// Fills `bytes`, which begin with quant block number `block`, with random words.
  private func fill(_ bytes: inout [UInt8], from block: Int) {
    let start = block * format.blockByteCount / 8
    let hasLowestCode = format != .q8_0
    var span = bytes.mutableSpan
    // Bytes take any bits.
    var raw = unsafe span.mutableBytes
    for index in 0..<raw.byteCount / 8 {
      let word = words[start + index]
      let codes = hasLowestCode ? word : withoutLowestCode(word)
      raw.storeBytes(of: codes.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
    }
  }

  /// Puts the fields of a variant into each quant block; the random bits in the place of the first field choose which.
  private func stamp(_ variants: BlockVariants, on bytes: inout [UInt8], blocks: Int) {
    let size = format.blockByteCount
    let (first, second) = variants.fields
    let prepared = variants.bytes.span
    var span = bytes.mutableSpan
    for block in 0..<blocks {
      let target = block * size
      let choice = Int(span[target + first.lowerBound]) | Int(span[target + first.lowerBound + 1]) << 8
      let source = (choice & (variants.count - 1)) * size
      for offset in first { span[target + offset] = prepared[source + offset] }
      for offset in second { span[target + offset] = prepared[source + offset] }
      guard format == .tq2_0 else { continue }
      // The scale is behind the codes; its place has chosen the variant, from all bits alike.
      for offset in target..<target + first.lowerBound { span[offset] = withoutHighestCode(span[offset]) }
    }
  }
}

/// Turns each two bits of 3, which no encoder of TQ2_0 writes, into 1, so that the mean of the codes is zero.
@inline(__always)
private func withoutHighestCode(_ byte: UInt8) -> UInt8 { byte & ~((byte & byte >> 1 & 0x55) << 1) }

/// Turns each byte of -128, which no encoder of Q8_0 writes, into 0, so that the mean of the codes is zero.
@inline(__always)
private func withoutLowestCode(_ word: UInt64) -> UInt64 {
  let signs: UInt64 = 0x8080_8080_8080_8080
  // Zero in the bytes of -128; then the sign bit in those bytes and nothing else.
  let differences = word ^ signs
  let isLowest = ~(((differences & ~signs) &+ ~signs) | differences | ~signs)
  return word ^ isLowest
}
