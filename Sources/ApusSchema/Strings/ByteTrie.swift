internal import ApusGrammar

/// Many strings of bytes as one language in which those with the same beginning share it.
enum ByteTrie {
  static func language(of strings: [[UInt8]]) -> RegularLanguage {
    let sorted = Set(strings).sorted { $0.lexicographicallyPrecedes($1) }
    return language(of: sorted[...], from: 0, depth: 0)
  }

  /// The rests of `strings`, which are sorted, each once, and equal up to `position`.
  private static func language(of strings: ArraySlice<[UInt8]>, from position: Int, depth: Int) -> RegularLanguage {
    guard let first = strings.first, let last = strings.last else { return .nothing }
    if strings.count == 1 { return .literal(first[position...]) }
    if depth > 60 { return .union(strings.map { .literal($0[position...]) }) }
    let common = zip(first[position...], last[position...]).prefix { $0 == $1 }.count
    if common > 0 {
      let rest = language(of: strings, from: position + common, depth: depth + 1)
      return .concatenation([.literal(first[position..<position + common]), rest])
    }
    var ways: [RegularLanguage] = first.count == position ? [.empty] : []
    var start = first.count == position ? strings.startIndex + 1 : strings.startIndex
    while start < strings.endIndex {
      let byte = strings[start][position]
      var end = start + 1
      while end < strings.endIndex, strings[end][position] == byte { end += 1 }
      let rest = strings[start..<end]
      if rest.count == 1 {
        ways.append(.literal(strings[start][position...]))
      } else {
        ways.append(.concatenation([.literal([byte]), language(of: rest, from: position + 1, depth: depth + 1)]))
      }
      start = end
    }
    return .union(ways)
  }
}
