package import ApusCore

extension Workspace {
  /// Changes the logits of the tokens that are keys of `changes`, whether the vocabulary is whole or a list.
  ///
  /// A result is held within the finite floats, so that no change forbids a token or makes it certain. Tokens outside
  /// the vocabulary and forbidden ones are passed over.
  mutating func adjust<Value>(_ changes: [Token: Value], by change: (Double, Value) -> Double) {
    guard !changes.isEmpty else { return }
    if isWhole {
      for (token, value) in changes {
        guard let index = Int(exactly: token), logits.indices.contains(index), logits[index] > -.infinity else {
          continue
        }
        logits[index] = Self.finite(change(Double(logits[index]), value))
      }
    } else {
      for (index, entry) in entries.enumerated() {
        guard let value = changes[entry.token] else { continue }
        entries[index] = Candidate(token: entry.token, logit: Self.finite(change(Double(entry.logit), value)))
      }
      if order == .byRank { order = .none }
    }
  }

  /// The nearest finite `Float`.
  static func finite(_ logit: Double) -> Float {
    let limit = Double(Float.greatestFiniteMagnitude)
    return Float(min(max(logit, -limit), limit)) + 0
  }

  /// Adds each bias to the logit of its token; a bias of −infinity forbids the token.
  package mutating func add(_ bias: [Token: Double]) {
    adjust(bias) { logit, bias in logit + bias }
    for (token, value) in bias where value == -.infinity { logits[Int(token)] = -.infinity }
  }

  /// Forbids the tokens that `mask` does not allow; the vocabulary must be whole.
  package mutating func apply(_ mask: TokenMask) throws(SamplingError) {
    guard mask.vocabularySize == logits.count else {
      throw .wrongCount(of: "mask entries", expected: logits.count, found: mask.vocabularySize)
    }
    for (index, word) in mask.words.enumerated() where word != .max {
      for token in index * 64..<min(index * 64 + 64, logits.count) where word >> UInt64(token % 64) & 1 == 0 {
        logits[token] = -.infinity
      }
    }
  }
}
