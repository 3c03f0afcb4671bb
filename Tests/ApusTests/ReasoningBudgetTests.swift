internal import Apus
internal import ApusChat
internal import ApusCore
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// What a model thinks has as many tokens as it may have, and the answer follows.
struct ReasoningBudgetTests {
  /// A model whose template begins each answer with thinking.
  private let tiny: TestModel

  init() throws {
    tiny = try TestModel { $0.chatTemplate = "{% for m in messages %}{{ m.content }}\n{% endfor %}<think>\n" }
  }

  private func options(_ budget: Int?, _ count: Int = 40) -> GenerationOptions {
    var options = GenerationOptions.greedy(count)
    options.thinkingBudget = budget
    return options
  }

  @Test func `The end of the thinking is put behind as many tokens as it may have`() async throws {
    let model = try await tiny.load()
    let free = try await model.chat([.user("the")], options: options(nil))
    #expect(free.summary.reasoningTokens == 40 && free.text.isEmpty && !free.reasoning.isEmpty)
    let end = model.tokenizer.encode(continuing: Array("</think>".utf8))
    for budget in [0, 1, 6] {
      let kept = try await model.chat([.user("the")], options: options(budget))
      let tokens = kept.tokens.map(\.id)
      #expect(kept.summary.reasoningTokens == budget && kept.usage.completionTokens == 40)
      #expect(Array(tokens.prefix(budget)) == free.tokens.prefix(budget).map(\.id))
      #expect(Array(tokens.dropFirst(budget).prefix(end.count)) == end)
      #expect(!kept.text.isEmpty && !kept.text.contains("think"))
      // Where each token is told with its probability, none is put there without being chosen.
      var scored = options(budget)
      scored.topLogProbabilities = 1
      let chosen = try await model.chat([.user("the")], options: scored)
      #expect(chosen.tokens.map(\.id) == tokens && chosen.tokens.allSatisfy { $0.logProbabilities != nil })
    }
  }

  @Test func `Guessed tokens change nothing of it`() async throws {
    let model = try await tiny.load()
    var plain = options(9)
    plain.speculation = .off
    let expected = try await model.chat([.user("the")], options: plain)
    var guessing = options(9)
    (guessing.speculation, guessing.prediction) = (.always, expected.tokens.map(\.id))
    let found = try await model.chat([.user("the")], options: guessing)
    #expect(found.tokens == expected.tokens && found.summary.reasoningTokens == 9)
  }

  @Test func `What must fit begins behind it`() async throws {
    let model = try await tiny.load()
    var wanted = options(6)
    wanted.constraint = .choices(["yes", "no"])
    let answer = try await model.chat([.user("the")], options: wanted)
    #expect(["yes", "no"].contains(answer.text) && answer.summary.reasoningTokens == 6)
    #expect(answer.summary.stopReason == .outputComplete)
  }

  @Test func `A raw prompt has no such part, and a budget is no less than nothing`() async throws {
    let model = try await tiny.load()
    let raw = try await model.complete("the", options: options(2))
    #expect(raw.summary.reasoningTokens == 0 && raw.usage.completionTokens == 40)
    await #expect(throws: ApusError.self) { try await model.chat([.user("the")], options: options(-1)) }
  }

  @Test func `On channels all messages of thinking count together, and none begins behind the last`() throws {
    let texts = [
      "<unk>", "<s>", "</s>", "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "analysis", "assistant", "final",
    ]
    var description = VocabularyDescription(family: "llama", texts: ByteStrings(texts))
    description.scores = texts.map { _ in 0 }
    description.kinds = [2, 3, 3, 3, 3, 3, 3, 4, 4, 4]
    var format = TurnFormat()
    format.hasChannels = true
    let tokenizer = try Tokenizer(Vocabulary(description))
    var span = try #require(ReasoningSpan(format, tokenizer, hasBegun: false, limit: 3))
    let thought: [Token] = [3, 7, 4, 0, 0, 6, 5, 8]
    for token in thought { span.accept(token) }
    #expect(span.count == 2 && !span.isNarrow)
    for token in [3, 7, 4, 0] as [Token] { span.accept(token) }
    #expect(span.count == 3 && Array(span.forced) == [6, 5, 8, 3])
    for token in [6, 5, 8, 3] as [Token] {
      var mask = TokenMask(vocabularySize: 10, allowingAll: true)
      span.restrict(&mask)
      #expect((0..<10).filter { mask[Token($0)] } == [Int(token)])
      span.accept(token)
    }
    // Another message of thinking must not begin; all else may.
    var mask = TokenMask(vocabularySize: 10, allowingAll: true)
    #expect(span.forced.isEmpty && span.isNarrow)
    span.restrict(&mask)
    #expect((0..<10).filter { !mask[Token($0)] } == [7])
    for token in [9, 4, 0] as [Token] { span.accept(token) }
    #expect(!span.isNarrow && span.count == 3)
    #expect(ReasoningSpan(TurnFormat(), tokenizer, hasBegun: true, limit: 3) == nil)
  }

  @Test func `A mark may have spaces in it, and may come in several tokens`() throws {
    let texts = ["<unk>", "<s>", "</s>", "<my", "</my", "\u{2581}thought>", "the"]
    var description = VocabularyDescription(family: "llama", texts: ByteStrings(texts))
    description.scores = texts.map { _ in 0 }
    description.kinds = [2, 3, 3, 1, 1, 1, 1]
    let tokenizer = try Tokenizer(Vocabulary(description))
    var format = TurnFormat()
    format.thinking = CallSyntax.Marks("<my thought>\n", "\n</my thought>\n\n")
    var span = try #require(ReasoningSpan(format, tokenizer, hasBegun: false, limit: nil))
    // The end of what was thought may also look like the beginning of the mark.
    for token in [3, 5, 6, 4, 4, 5, 6] as [Token] { span.accept(token) }
    #expect(span.count == 3)
  }
}
