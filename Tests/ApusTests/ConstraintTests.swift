internal import Apus
internal import ApusCore
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

/// Constrained completions: their texts fit, whatever else a request asks for.
struct ConstraintTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  private func options(
    _ constraint: OutputConstraint, temperature: Double = 0, seed: UInt64 = 0, maxTokens: Int? = 60
  ) -> GenerationOptions {
    var sampling = SamplingOptions.greedy
    sampling.temperature = temperature
    return GenerationOptions(maxTokens: maxTokens, sampling: sampling, seed: seed, constraint: constraint)
  }

  @Test func `Every text is one of the choices, and its end needs no token`() async throws {
    let model = try await tiny.load()
    let choices = ["yes", "no", "perhaps", "never", "ëh? 日本"]
    var found: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      let answer = try await model.complete("the", options: options(.choices(choices), temperature: 3, seed: seed))
      #expect(choices.contains(answer.text) && answer.summary.stopReason == .outputComplete)
      #expect(answer.finishReason == .stop && answer.usage.completionTokens == answer.tokens.count)
      found.insert(answer.text)
    }
    #expect(found.count > 2)
  }

  @Test func `A text that can go only one way is written without choosing its tokens`() async throws {
    let model = try await tiny.load()
    let text = "the quick brown fox jumps over the lazy dog, and the lazy dog does not mind"
    let before = model.engine.metrics.steps
    let answer = try await model.complete("the", options: options(.choices([text]), maxTokens: nil))
    #expect(answer.text == text)
    #expect(model.engine.metrics.steps - before <= 3)
    #expect(answer.tokens.map(\.id) == model.tokenizer.encode(continuing: Array(text.utf8)))
    var scored = options(.choices([text]), maxTokens: nil)
    scored.topLogProbabilities = 1
    let chosen = try await model.complete("the", options: scored)
    #expect(chosen.text == text && chosen.tokens.allSatisfy { $0.logProbabilities != nil })
  }

  @Test func `Texts follow a regular expression, with guesses and without, alone and together`() async throws {
    let model = try await tiny.load { $0.parallel = 8 }
    let other = try await tiny.load { $0.parallel = 1 }
    let constraint = OutputConstraint.regularExpression("(ab|ba){3,5}: [0-9]{2}(-[0-9]{2})*\\.")
    let answers = try await withThrowingTaskGroup(of: (UInt64, Completion).self) { group in
      for seed in 0..<24 as Range<UInt64> {
        var options = options(constraint, temperature: 2, seed: seed)
        options.speculation = seed.isMultiple(of: 2) ? .always : .automatic
        group.addTask { (seed, try await model.complete("the ab ab ab: 12-12-12", options: options)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for seed in 0..<24 as Range<UInt64> {
      var options = options(constraint, temperature: 2, seed: seed)
      options.speculation = .off
      let alone = try await other.complete("the ab ab ab: 12-12-12", options: options)
      #expect(answers[seed]?.text == alone.text && answers[seed]?.tokens == alone.tokens)
      let isWhole = alone.finishReason == .stop
      #expect(isWhole == alone.text.hasSuffix("."), "\(alone.text)")
      let head = alone.text.prefix { $0 != ":" }
      #expect(head.allSatisfy { "ab".contains($0) } && (!isWhole || (6...10).contains(head.count)), "\(alone.text)")
    }
  }

  @Test func `A model may end a text only where it fits, and stop texts do not cut it`() async throws {
    let model = try await tiny.load()
    for seed in 0..<20 as Range<UInt64> {
      var options = options(.regularExpression("a{3}b*"), temperature: 4, seed: seed)
      options.stop = ["a"]
      let answer = try await model.complete("the", options: options)
      #expect(answer.text.hasPrefix("aaa") && answer.text.dropFirst(3).allSatisfy { $0 == "b" }, "\(answer.text)")
      if case .endOfGeneration = answer.summary.stopReason { #expect(answer.finishReason == .stop) }
    }
  }

  @Test func `What cannot be kept is refused before the engine sees it`() async throws {
    let model = try await tiny.load()
    let hopeless: [OutputConstraint] = [
      .regularExpression("a("), .regularExpression("(a)\\1"), .choices([]), .regularExpression("[^\\s\\S]"),
    ]
    for constraint in hopeless {
      let error = #expect(throws: ApusError.self) { try model.stream(prompt: "the", options: options(constraint)) }
      guard case .invalidRequest? = error else { Issue.record("\(error as Any)"); continue }
    }
    #expect(model.engine.metrics.steps == 0)
  }
}
