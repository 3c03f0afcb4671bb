extension ScalarSet {
  /// The strings of bytes that are one scalar of it in UTF-8.
  ///
  /// Scalars with the same bytes behind the first one share them, so that even large sets become few parts.
  package var utf8: RegularLanguage {
    let lengths: [(scalars: ClosedRange<UInt32>, continuationBytes: UInt32)] = [
      (0...0x7F, 0), (0x80...0x7FF, 1), (0x800...0xFFFF, 2), (0x10000...0x10FFFF, 3),
    ]
    let parts = lengths.flatMap { length in
      let part = intersection(ScalarSet([length.scalars]))
      return part.isEmpty
        ? [] : Self.alternatives(part.ranges, continuationBytes: length.continuationBytes, isFirst: true)
    }
    return parts.count == 1 ? parts[0] : .union(parts)
  }

  /// First bytes with what may stand behind them, for values of six bits for each byte.
  private static func alternatives(
    _ ranges: [ClosedRange<UInt32>], continuationBytes: UInt32, isFirst: Bool
  ) -> [RegularLanguage] {
    let shift = 6 * continuationBytes
    let mark: UInt32 = isFirst ? [0, 0xC0, 0xE0, 0xF0][Int(continuationBytes)] : 0x80
    guard continuationBytes > 0 else {
      var set = ByteSet()
      for range in ranges { for value in range { set.insert(UInt8(mark | value)) } }
      return [.byte(set)]
    }
    var tails: [[ClosedRange<UInt32>]] = []
    var heads: [[ClosedRange<UInt32>]: ByteSet] = [:]
    for (head, tail) in pieces(ranges, shift: shift) {
      if heads[tail] == nil { tails.append(tail) }
      heads[tail, default: ByteSet()].insert(UInt8(mark | head))
    }
    return tails.map { tail in
      let rest = alternatives(tail, continuationBytes: continuationBytes - 1, isFirst: false)
      let first = RegularLanguage.byte(heads[tail] ?? ByteSet())
      if rest.count == 1, case .concatenation(let parts) = rest[0] { return .concatenation([first] + parts) }
      return .concatenation([first, rest.count == 1 ? rest[0] : .union(rest)])
    }
  }

  /// The ranges cut where the bits from `shift` on change: these bits, and what is below them.
  private static func pieces(
    _ ranges: [ClosedRange<UInt32>], shift: UInt32
  ) -> [(head: UInt32, tail: [ClosedRange<UInt32>])] {
    let low = UInt32(1) << shift - 1
    var pieces: [(head: UInt32, tail: [ClosedRange<UInt32>])] = []
    for range in ranges {
      for head in range.lowerBound >> shift...range.upperBound >> shift {
        let first = head == range.lowerBound >> shift ? range.lowerBound & low : 0
        let last = head == range.upperBound >> shift ? range.upperBound & low : low
        if pieces.last?.head == head {
          pieces[pieces.count - 1].tail.append(first...last)
        } else {
          pieces.append((head, [first...last]))
        }
      }
    }
    return pieces
  }
}
