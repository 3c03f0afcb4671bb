internal import ApusGrammar

/// Says of short strings whether they are in a language, by trying all ways to cut them.
struct NaiveLanguage {
  private let bytes: [UInt8]

  static func contains(_ text: String, in language: RegularLanguage) -> Bool {
    contains(Array(text.utf8), in: language)
  }

  static func contains(_ bytes: [UInt8], in language: RegularLanguage) -> Bool {
    NaiveLanguage(bytes: bytes).ends(of: language, from: 0).contains(bytes.count)
  }

  /// Where a string of the language may end that begins at `start`.
  private func ends(of language: RegularLanguage, from start: Int) -> Set<Int> {
    switch language {
    case .byte(let set): return start < bytes.count && set.contains(bytes[start]) ? [start + 1] : []
    case .string(let string): return bytes[start...].starts(with: string) ? [start + string.count] : []
    case .concatenation(let parts):
      return parts.reduce([start]) { places, part in Set(places.flatMap { ends(of: part, from: $0) }) }
    case .union(let parts): return Set(parts.flatMap { ends(of: $0, from: start) })
    case .intersection(let parts):
      return parts.reduce(Set(start...bytes.count)) { $0.intersection(ends(of: $1, from: start)) }
    case .complement(let part): return Set(start...bytes.count).subtracting(ends(of: part, from: start))
    case .repetition(let part, let atLeast, let atMost):
      return endsOfRepetition(from: start, atLeast: atLeast, atMost: atMost) { ends(of: part, from: $0) }
    }
  }
}

/// Where repetitions of something may end: what is empty may be repeated as often as is needed.
func endsOfRepetition(from start: Int, atLeast: Int, atMost: Int?, of once: (Int) -> Set<Int>) -> Set<Int> {
  var reached: [Int: Set<Int>] = [0: [start]]
  var count = 0
  var all: Set<Int> = atLeast == 0 ? [start] : []
  while count < atMost ?? .max, let places = reached[count], !places.isEmpty, count < atLeast + 20 {
    let next = Set(places.flatMap(once))
    count += 1
    reached[count] = next
    if count >= atLeast { all.formUnion(next) }
  }
  return all
}
