/// SentencePiece's table of replacements (`precompiled_charsmap`): which characters a text is rewritten to before it is
/// cut into tokens, such as full-width letters to plain ones.
///
/// The bytes are the length of a trie, the trie as a double array of 32-bit units, and the replacements, each ended by
/// a zero byte; all little-endian. They come from a file: every index is checked. Source: google/sentencepiece
/// (`normalizer.h`), darts-clone (the units), Yata et al. 2007 (the double array).
struct CharacterMap: Sendable {
  /// The longest text that is replaced, and the longest replacement: real ones have at most 33 bytes.
  ///
  /// Without a limit a file could make a text grow without bound.
  private static let byteLimit = 128

  private let units: [UInt32]
  /// The replacements.
  let replacements: [UInt8]

  /// Reads the table; `bytes` is not empty.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    guard bytes.count > 4 else { throw .malformedCharacterMap("it ends within its length") }
    func unit(_ offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
    let byteCount = Int(unit(0))
    guard byteCount.isMultiple(of: 4), byteCount > 0, byteCount < bytes.count - 4 else {
      throw .malformedCharacterMap("its trie has \(byteCount) bytes of \(bytes.count - 4)")
    }
    units = stride(from: 4, to: 4 + byteCount, by: 4).map(unit)
    replacements = Array(bytes[(4 + byteCount)...])
    let longest = Self.longestReplacement(replacements)
    guard longest <= Self.byteLimit else {
      throw .malformedCharacterMap("a replacement has \(longest) bytes, more than \(Self.byteLimit)")
    }
  }

  private static func longestReplacement(_ replacements: [UInt8]) -> Int {
    var (longest, length) = (0, 0)
    for byte in replacements {
      length = byte == 0 ? 0 : length + 1
      longest = max(longest, length)
    }
    return longest
  }

  /// The longest text at `start` that is replaced: how many bytes, and which of `replacements` stand for them.
  func match(in text: [UInt8], at start: Int, end: Int) -> (byteCount: Int, replacement: Range<Int>)? {
    var node = offset(of: units[0])
    var found: (byteCount: Int, value: Int)?
    for position in start..<min(end, start + Self.byteLimit) {
      node ^= Int(text[position])
      // The label of a unit; that of a leaf has the highest bit too and never fits.
      guard node < units.count, units[node] & 0x8000_00FF == UInt32(text[position]) else { break }
      let hasLeaf = units[node] & 0x100 != 0
      node ^= offset(of: units[node])
      guard node < units.count else { break }
      if hasLeaf { found = (position + 1 - start, Int(units[node] & 0x7FFF_FFFF)) }
    }
    guard let found, found.value < replacements.count else { return nil }
    let replacementEnd = replacements[found.value...].firstIndex(of: 0) ?? replacements.count
    return (found.byteCount, found.value..<replacementEnd)
  }

  /// From a node to its children, by exclusive or.
  private func offset(of unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
