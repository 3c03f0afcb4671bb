internal import ApusGrammar

/// Tells whether one string is in a language: for the few keys and values that a schema names.
struct LanguageMatcher {
  private let language: RegularLanguage

  init(_ language: RegularLanguage) { self.language = language }

  func matches(_ text: [UInt8]) -> Bool { ends(of: language, in: text, from: [0]).contains(text.count) }

  /// Where strings of `language` that begin at any of `starts` end.
  private func ends(of language: RegularLanguage, in text: [UInt8], from starts: Set<Int>) -> Set<Int> {
    switch language {
    case .byte(let set): return Set(starts.filter { $0 < text.count && set.contains(text[$0]) }.map { $0 + 1 })
    case .string(let bytes): return Set(starts.filter { text[$0...].starts(with: bytes) }.map { $0 + bytes.count })
    case .concatenation(let parts):
      var reached = starts
      for part in parts where !reached.isEmpty { reached = ends(of: part, in: text, from: reached) }
      return reached
    case .union(let parts): return parts.reduce(into: []) { $0.formUnion(ends(of: $1, in: text, from: starts)) }
    case .intersection(let parts):
      return starts.reduce(into: []) { reached, start in
        let everything = Set(start...text.count)
        reached.formUnion(parts.reduce(everything) { $0.intersection(ends(of: $1, in: text, from: [start])) })
      }
    case .complement(let part):
      return starts.reduce(into: []) { reached, start in
        reached.formUnion(Set(start...text.count).subtracting(ends(of: part, in: text, from: [start])))
      }
    case .repetition(let part, let atLeast, let atMost):
      return ends(repeating: part, atLeast, atMost, in: text, from: starts)
    }
  }

  private func ends(
    repeating part: RegularLanguage, _ atLeast: Int, _ atMost: Int?, in text: [UInt8], from starts: Set<Int>
  ) -> Set<Int> {
    var current = starts
    var reached: Set<Int> = atLeast <= 0 ? starts : []
    var times = 0
    while !current.isEmpty, atMost.map({ times < $0 }) ?? true {
      let next = ends(of: part, in: text, from: current)
      // The same again and again: nothing new is reached, however often.
      if next == current { return atLeast <= times || !next.isEmpty ? reached.union(next) : reached }
      current = next
      times += 1
      if times >= atLeast {
        if atMost == nil, current.isSubset(of: reached) { return reached }
        reached.formUnion(current)
      }
    }
    return reached
  }
}
