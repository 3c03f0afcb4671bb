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
  while next < waiting.count, next < 20_000 {
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

  @Test(arguments: 0..<8) func aMaskHasTheTokensThatAreAccepted(part: UInt64) {
    compareMasks(RandomGrammars(seed: 100 + part), words, trie)
  }

  /// Where a letter is many bytes, terminals are walked by themselves, and from their ends on with what follows.
  @Test(arguments: 0..<8) func aMaskOfTerminalsWithManyBytesHasTheTokensThatAreAccepted(part: UInt64) {
    let letters: [ClosedRange<UInt8>] = [0...39, 40...80, 81...255]
    let words = words.map { $0.map { letters[Int($0 - 97)].lowerBound } }
    let trie = TokenTrie(count: words.count) { words[Int($0)] }
    compareMasks(RandomGrammars(seed: 200 + part, letters: letters), words, trie)
  }

  private func compareMasks(_ grammars: RandomGrammars, _ words: [[UInt8]], _ trie: TokenTrie) {
    var grammars = grammars
    var mask = TokenMask(vocabularySize: words.count, allowingAll: true)
    for _ in 0..<60 {
      let grammar = grammars.grammar()
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

  /// The matcher behind a text; nil where it is refused.
  private func after(_ text: String, _ matcher: GrammarMatcher) -> GrammarMatcher? {
    var matcher = matcher
    return matcher.accept(bytes: Array(text.utf8)) ? matcher : nil
  }

  @Test func copiesAreIndependent() throws {
    let compiled = try CompiledGrammar(Grammar(.union([.literal("ab".utf8), .literal("ac".utf8)])))
    let first = try #require(after("a", GrammarMatcher(compiled, trie)))
    let second = try #require(after("b", first))
    #expect(second.isComplete && second.canEnd && !first.canEnd && !first.isComplete)
    #expect(after("a", first) == nil && after("c", first)?.canEnd == true)
  }

  @Test func whatMustFollowIsForced() throws {
    let text = RegularLanguage.concatenation([
      .literal("key".utf8), .union([.literal("ab".utf8), .literal("ac".utf8)]),
    ])
    let start = GrammarMatcher(try CompiledGrammar(Grammar(text)), trie)
    #expect(start.forcedBytes(atMost: 10) == Array("keya".utf8))
    #expect(start.forcedBytes(atMost: 2) == Array("ke".utf8))
    #expect(after("keya", start)?.forcedBytes(atMost: 10) == [])
    #expect(after("keyab", start)?.forcedBytes(atMost: 10) == [])
  }

  /// Tokens that are a part of a character, that are never text, and that have the same bytes as another one.
  @Test func partsOfCharactersAndEqualTokens() throws {
    let tokens: [[UInt8]?] = [[0xC3], [0xA9], [0xC3, 0xA9], nil, [0xC3], [], [0xA9, 0x22], [0xC3, 0x28]]
    let trie = TokenTrie(count: tokens.count) { tokens[Int($0)] }
    var matcher = GrammarMatcher(try CompiledGrammar(Grammar(.literal("é\"".utf8))), trie)
    var mask = TokenMask(vocabularySize: tokens.count, allowingAll: true)
    matcher.fill(&mask)
    #expect(tokens.indices.filter { mask[Token($0)] } == [0, 2, 4])
    for token in [3, 5, -1, 100, 4] as [Token] {
      let isAccepted = matcher.accept(token)
      #expect(isAccepted == (token == 4))
    }
    matcher.fill(&mask)
    #expect(tokens.indices.filter { mask[Token($0)] } == [1, 6])
  }
}
