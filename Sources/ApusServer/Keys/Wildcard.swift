/// Whether `text` is what a pattern describes, in which `*` stands for any text; takes the product of their lengths at most.
package func wildcard(_ pattern: String, matches text: String) -> Bool {
  let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
  var (p, t) = (0, 0)
  // Where to go on when what follows the last star does not match.
  var retry: (p: Int, t: Int)?
  while t < text.count {
    if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
      retry = (p + 1, t)
      p += 1
    } else if p < pattern.count, pattern[p] == text[t] {
      (p, t) = (p + 1, t + 1)
    } else if let last = retry {
      retry = (last.p, last.t + 1)
      (p, t) = (last.p, last.t + 1)
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
}
