extension [UInt8] {
  /// Where `needle` stands, not overlapping, at most `limit` times, in the order of the search from `start` on.
  ///
  /// Knuth, Morris and Pratt's search: linear whatever the bytes are. `needle` must not be empty.
  package func positions(of needle: [UInt8], from start: Int = 0, limit: Int = .max, fromEnd: Bool = false) -> [Int] {
    guard limit > 0, needle.count <= count - start else { return [] }
    let needle = fromEnd ? needle.reversed() : needle
    let fallback = prefixTable(needle)
    var found: [Int] = []
    var matched = 0
    for step in 0..<count - start {
      let byte = self[fromEnd ? count - 1 - step : start + step]
      while matched > 0, needle[matched] != byte { matched = fallback[matched - 1] }
      if needle[matched] == byte { matched += 1 }
      guard matched == needle.count else { continue }
      found.append(fromEnd ? count - 1 - step : start + step + 1 - needle.count)
      if found.count == limit { break }
      matched = 0
    }
    return found
  }

  /// Where `needle` first stands at or behind `start`, nil where it does not; an empty one stands everywhere.
  package func position(of needle: [UInt8], from start: Int = 0) -> Int? {
    guard let first = needle.first else { return start }
    guard let candidate = self[start...].firstIndex(of: first) else { return nil }
    return positions(of: needle, from: candidate, limit: 1).first
  }
}

/// For every prefix of `needle`, the length of its longest proper prefix that also ends it.
private func prefixTable(_ needle: [UInt8]) -> [Int] {
  var table = [Int](repeating: 0, count: needle.count)
  var length = 0
  for index in 1..<Swift.max(needle.count, 1) {
    while length > 0, needle[index] != needle[length] { length = table[length - 1] }
    if needle[index] == needle[length] { length += 1 }
    table[index] = length
  }
  return table
}
