extension ScalarSet {
  /// The strings of bytes that are one scalar of it in UTF-8.
  ///
  /// Scalars with the same bytes behind the first one share them, so that even large sets become few parts.
  package var utf8: RegularLanguage {
    if let only { return only.isASCII ? .byte(ByteSet(String(only).utf8)) : .string(Array(String(only).utf8)) }
    let lengths: [(scalars: ClosedRange<UInt32>, continuationBytes: Int)] = [
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
    _ ranges: [ClosedRange<UInt32>], continuationBytes: Int, isFirst: Bool
  ) -> [RegularLanguage] {
    let mark: UInt32 = isFirst ? [0, 0xC0, 0xE0, 0xF0][continuationBytes] : 0x80
    let parts = Parts(ranges, continuationBytes: continuationBytes, mark: mark)
    guard continuationBytes > 0 else { return [.byte(parts.whole)] }
    var result: [RegularLanguage] = []
    if !parts.whole.isEmpty { result.append(.concatenation([.byte(parts.whole)] + anyTail[..<continuationBytes])) }
    for (tail, heads) in parts.others {
      let rest = alternatives(tail, continuationBytes: continuationBytes - 1, isFirst: false)
      result.append(.concatenation([.byte(heads), rest.count == 1 ? rest[0] : .union(rest)]))
    }
    return result
  }

  private static var anyTail: [RegularLanguage] { Array(repeating: .byte(ByteSet(0x80...0xBF)), count: 3) }

  /// Ranges cut where the bits of the first byte change.
  private struct Parts {
    /// The first bytes behind which all may stand.
    var whole = ByteSet()
    /// What may stand behind others; those with the same together.
    var others: [(tail: [ClosedRange<UInt32>], heads: ByteSet)] = []

    init(_ ranges: [ClosedRange<UInt32>], continuationBytes: Int, mark: UInt32) {
      let shift = UInt32(6 * continuationBytes)
      let low = UInt32(1) << shift - 1
      var open: (head: UInt32, tail: [ClosedRange<UInt32>])?
      for range in ranges {
        for head in range.lowerBound >> shift...range.upperBound >> shift {
          let first = max(range.lowerBound, head << shift) & low
          let last = min(range.upperBound, head << shift | low) & low
          if first == 0, last == low {
            whole.insert(UInt8(mark | head))
          } else if open?.head == head {
            open?.tail.append(first...last)
          } else {
            close(open, mark)
            open = (head, [first...last])
          }
        }
      }
      close(open, mark)
    }

    private mutating func close(_ part: (head: UInt32, tail: [ClosedRange<UInt32>])?, _ mark: UInt32) {
      guard let (head, tail) = part else { return }
      if let same = others.firstIndex(where: { $0.tail == tail }) {
        others[same].heads.insert(UInt8(mark | head))
      } else {
        others.append((tail, ByteSet(CollectionOfOne(UInt8(mark | head)))))
      }
    }
  }
}
