internal import Apus
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// What is kept of a prompt is found by those alone who have the same salt.
@Suite struct CacheSaltTests {
  private static let prompt = (0..<70).map { Token(3 + $0 * 11 % 250) }
  private let tiny: TestModel
  private let folder: TemporaryFolder

  init() throws {
    tiny = try TestModel()
    folder = try TemporaryFolder()
  }

  private func complete(_ model: Model, _ prompt: [Token] = prompt, salt: String?) async throws -> Completion {
    var options = GenerationOptions.greedy(6)
    options.cacheSalt = salt
    return try await model.stream(tokens: prompt, options: options).completion()
  }

  // The last two salts are the same text to Unicode.
  @Test func `A prompt is found with its own salt only, and the result is the same with any`() async throws {
    let model = try await tiny.load()
    let unsalted = try await complete(model, salt: nil)
    #expect(try await complete(model, salt: "").usage.cachedTokens == Self.prompt.count - 1)
    for salt in ["a", "b", "a ", "\u{e9}", "e\u{301}"] {
      let first = try await complete(model, salt: salt)
      #expect(first.usage.cachedTokens == 0, "\(salt)")
      let again = try await complete(model, salt: salt)
      #expect(again.usage.cachedTokens == Self.prompt.count - 1, "\(salt)")
      #expect(first.tokens == unsalted.tokens && again.tokens == unsalted.tokens)
    }
  }

  @Test func `A guess of the next word of another's prompt finds nothing`() async throws {
    let model = try await tiny.load()
    _ = try await complete(model, salt: "root")
    let right = try await complete(model, Array(Self.prompt.prefix(50)), salt: "bob")
    #expect(right.usage.cachedTokens == 0)
    // What bob knows is what he has sent himself.
    let wrong = try await complete(model, Array(Self.prompt.prefix(49)) + [4], salt: "bob")
    #expect(wrong.usage.cachedTokens == 49)
  }

  @Test func `Of two equal prompts at the same time one waits for the other only with the same salt`() throws {
    for (salts, rows) in [(["a", "a"], [40]), (["a", "b"], [40, 40]), ([nil, "a"], [40, 40])] as [([String?], [Int])] {
      var scheduler = Scheduler(Scheduler.Limits(contextLength: 128, maximumSequences: 2, blockCount: 16))
      for (id, salt) in salts.enumerated() {
        let prompt = Array(Self.prompt.prefix(40))
        let isTaken = scheduler.admit(SequenceState(id: id, prompt: prompt, root: BlockTree.Root(salt: salt)))
        #expect(isTaken)
      }
      let next = scheduler.next(budget: 128)
      let batch = try #require(next)
      #expect(batch.parts.map(\.rows.count) == rows, "\(salts)")
      scheduler.complete(batch, batch.parts.map { _ in .tokens([5], nil) })
      #expect(scheduler.checkIntegrity() == nil)
    }
  }

  @Test func `However many salts there are, the tree has no more roots than blocks`() throws {
    var scheduler = Scheduler(Scheduler.Limits(contextLength: 64, maximumSequences: 1, blockCount: 8))
    for id in 0..<300 {
      let sequence = SequenceState(id: id, prompt: Array(Self.prompt.prefix(33)), root: BlockTree.Root(salt: "\(id)"))
      let isTaken = scheduler.admit(sequence)
      #expect(isTaken)
      let next = scheduler.next(budget: 64)
      let batch = try #require(next)
      #expect(batch.tokens.count == 33)
      scheduler.complete(batch, [.tokens([5], Ending(.length))])
      // A root with nothing behind it would be a fault.
      #expect(scheduler.checkIntegrity() == nil)
    }
    #expect(scheduler.cachedBlocks <= 8)
  }

  @Test func `A saved prompt is put where its salt finds it`() async throws {
    let (path, model) = (folder.path("saved"), try await tiny.load())
    _ = try await complete(model, salt: "a")
    #expect(try await model.savePrompt(Self.prompt, to: path) == 0)
    #expect(try await model.savePrompt(Self.prompt, cacheSalt: "a", to: path) == 64)
    let other = try await tiny.load()
    #expect(try await other.restorePrompt(from: path, cacheSalt: "b").restoredTokens == 64)
    for (salt, count) in [(nil, 0), ("a", 0), ("b", 64)] as [(String?, Int)] {
      #expect(try await complete(other, salt: salt).usage.cachedTokens == count, "\(salt ?? "none")")
    }
  }

  @Test func `Scores and vectors leave behind what their salt finds`() async throws {
    let model = try await tiny.load()
    _ = try await model.score(tokens: Self.prompt, from: 60, cacheSalt: "a")
    for (salt, count) in [(nil, 0), ("a", 69)] as [(String?, Int)] {
      #expect(try await complete(model, salt: salt).usage.cachedTokens == count, "\(salt ?? "none")")
    }
    let text = "Once upon a time there was a dog"
    let options = EmbeddingOptions(pooling: .last, cacheSalt: "b")
    let vector = try await model.embed(text, options: options).vector
    let prompt = model.tokenize(text)
    for (salt, count) in [("c", 0), ("b", prompt.count - 1)] {
      #expect(try await complete(model, prompt, salt: salt).usage.cachedTokens == count, "\(salt)")
    }
    #expect(try await model.embed(text, options: EmbeddingOptions(pooling: .last)).vector == vector)
  }
}
