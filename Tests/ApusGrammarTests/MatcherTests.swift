internal import ApusCore
internal import ApusGrammar
internal import Testing

/// Every string of up to four bytes of `abc`, as the vocabulary.
private let words: [[UInt8]] = {
  var result: [[UInt8]] = [[]]
  var last: [[UInt8]] = [[]]
  for _ in 0..<4 {
    last = last.flatMap { word in [97, 98, 99].map { word + [$0] } }
    result += last
  }
  return result
}()

private let trie = TokenTrie(count: words.count) { words[Int($0)] }

/// A text that follows, shortest first; nil where none is found.
private func completion(of matcher: GrammarMatcher) -> [UInt8]? {
  var waiting: [(matcher: GrammarMatcher, bytes: [UInt8])] = [(matcher, [])]
  var next = 0
  while next < waiting.count, next < 2_000 {
    let (matcher, bytes) = waiting[next]
    if matcher.canEnd { return bytes }
    for byte in UInt8(97)...99 {
      var copy = matcher
      if copy.accept(bytes: [byte]) { waiting.append((copy, bytes + [byte])) }
    }
    next += 1
  }
  return nil
}

struct MatcherTests {
  /// Texts of up to four bytes: whether they are whole, and whether they can be gone on with.
  @Test(arguments: 0..<8) func aRandomGrammarIsReadAsByTryingEverything(part: UInt64) throws {
    var random = RandomGrammars(seed: part)
    for _ in 0..<60 {
      let grammar = random.grammar()
      let whole = words.map { NaiveRecogniser.accepts($0, grammar) }
      let compiled: CompiledGrammar
      do throws(GrammarError) { compiled = try CompiledGrammar(grammar) } catch {
        #expect(error == .empty && !whole.contains(true), "\(grammar)")
        continue
      }
      let start = GrammarMatcher(compiled, trie)
      for (word, isWhole) in zip(words, whole) {
        var matcher = start
        let isAccepted = matcher.accept(bytes: word)
        #expect((isAccepted && matcher.canEnd) == isWhole, "\(word) \(grammar)")
        if isAccepted {
          let rest = completion(of: matcher)
          #expect(
            rest.map { $0.count > 3 || NaiveRecogniser.accepts(word + $0, grammar) } == true, "\(word) \(grammar)")
        } else {
          #expect(!zip(words, whole).contains { $1 && $0.starts(with: word) }, "\(word) \(grammar)")
        }
      }
    }
  }

  @Test(arguments: 0..<8) func aMaskHasTheTokensThatAreAccepted(part: UInt64) throws {
    var random = RandomGrammars(seed: 100 + part)
    var mask = TokenMask(vocabularySize: words.count, allowingAll: true)
    for _ in 0..<60 {
      let grammar = random.grammar()
      guard let compiled = try? CompiledGrammar(grammar) else { continue }
      let start = GrammarMatcher(compiled, trie)
      for word in words.prefix(40) {
        var matcher = start
        guard matcher.accept(bytes: word) else { continue }
        matcher.fill(&mask)
        for token in words.indices {
          var copy = matcher
          #expect(mask[Token(token)] == copy.accept(Token(token)), "\(word) \(words[token]) \(grammar)")
        }
      }
    }
  }
}
