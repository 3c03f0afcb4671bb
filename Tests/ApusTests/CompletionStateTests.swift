internal import Apus
internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// How a completion ends, and what is told of it, without an engine.
struct CompletionStateTests {
  private let tiny: TestModel
  private let tokenizer: Tokenizer

  init() throws {
    tiny = try TestModel()
    tokenizer = try tiny.engine().tokenizer
  }

  private func completion(_ options: GenerationOptions = .greedy(3), room: Int = 60) throws -> CompletionState {
    try CompletionState(tokenizer, after: [1], options, room: room)
  }

  private func tokens(_ text: String) -> [GeneratedToken] {
    tokenizer.encode(text, addSpecial: false, parseSpecial: false).map { GeneratedToken(id: $0) }
  }

  @Test func `A completion ends by its end token, a stop token, its length or its room`() throws {
    let end = try #require(tokenizer.vocabulary.endOfGeneration.first)
    var options = GenerationOptions(maxTokens: 3, stopTokens: [8])
    let cases: [([Token], GenerationOptions, Int, Verdict)] = [
      ([5, end], options, 60, .tokens([5], Ending(.endOfGeneration(end)))),
      ([8], options, 60, .tokens([], Ending(.stopToken(8)))),
      ([5, 5, 5], options, 60, .tokens([5, 5, 5], Ending(.length))),
      ([5, 5], options, 2, .tokens([5, 5], Ending(.length))),
      ([5, 5], options, 60, .tokens([5, 5], nil)),
    ]
    for (chosen, options, room, expected) in cases {
      // One after the other, and all at once.
      var single = try completion(options, room: room)
      var joined: [Token] = []
      for token in chosen {
        guard case .tokens(let tokens, _) = single.take([GeneratedToken(id: token)]) else { continue }
        joined += tokens
      }
      #expect(Verdict.tokens(joined, single.ending) == expected)
      var whole = try completion(options, room: room)
      #expect(whole.take(chosen.map { GeneratedToken(id: $0) }) == expected)
      #expect(whole.takeDelta() == single.takeDelta() && whole.tokenCount == joined.count)
    }
    options.ignoreEOS = true
    var ignoring = try completion(options)
    #expect(ignoring.take([GeneratedToken(id: end)]) == .tokens([end], nil))
  }

  @Test func `Tokens after the one that ends a completion are dropped`() throws {
    let end = try #require(tokenizer.vocabulary.endOfGeneration.first)
    var ended = try completion(GenerationOptions(maxTokens: 9))
    let chosen = [5, 6, end, 7, 8].map { GeneratedToken(id: $0) }
    #expect(ended.take(chosen) == .tokens([5, 6], Ending(.endOfGeneration(end))))
    #expect(ended.takeDelta().tokens == [GeneratedToken(id: 5), GeneratedToken(id: 6)])
    #expect(ended.take(chosen) == .tokens([], Ending(.endOfGeneration(end))))

    let text = tokens("Tom and Lily")
    var options = GenerationOptions(maxTokens: 90, stop: ["m a"])
    options.ignoreEOS = true
    var stopped = try completion(options)
    guard case .tokens(let joined, let ending) = stopped.take(text) else { return }
    #expect(ending == Ending(.stopText("m a")) && joined.count < text.count)
    let delta = stopped.takeDelta()
    #expect(delta.text.hasSuffix("To") && delta.tokens.map(\.id) == joined)
  }

  @Test func `A stop text comes before the length, and one held back before any end from outside`() throws {
    let text = tokens("Tom")
    // The longer one could still come when the tokens end.
    var options = GenerationOptions(maxTokens: text.count, stop: ["om", "Tom and"])
    var full = try completion(options)
    _ = full.take(text)
    #expect(full.ending == Ending(.stopText("om")) && full.takeDelta().text.hasSuffix("T"))
    options.maxTokens = nil
    var cancelled = try completion(options)
    #expect(cancelled.take(text) == .tokens(text.map(\.id), nil))
    cancelled.end(Ending(.cancelled))
    #expect(cancelled.ending == Ending(.stopText("om")))
    var plain = try completion()
    plain.end(Ending(.stalled))
    plain.end(Ending(.cancelled))
    #expect(plain.ending == Ending(.stalled))
  }

  @Test func `A completion of no tokens ends with its prompt`() throws {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64))
    _ = scheduler.admit(SequenceState(id: 1, prompt: [1, 2, 3, 4], choosesTokens: false))
    var none = try completion(.greedy(0))
    var some = try completion()
    for expected in [.chunk, .tokens([], Ending(.length))] as [Verdict] {
      let batch = scheduler.next(budget: 2)
      let progress = try #require(batch?.parts.first?.progress)
      #expect(some.take(progress) == .chunk)
      #expect(none.take(progress) == expected)
      if let batch { scheduler.complete(batch, [expected]) }
    }
    #expect(!scheduler.canStep && none.takeDelta().tokens.isEmpty)
  }
}
