internal import Apus
internal import ApusTestSupport
internal import Synchronization
internal import Testing

struct RequestValidationTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  @Test func `Values out of range are refused, and the error names the field`() async throws {
    let model = try await tiny.load()
    let cases: [(String, @Sendable (inout GenerationOptions) -> Void)] = [
      ("max_tokens", { $0.maxTokens = -1 }),
      ("temperature", { $0.sampling?.temperature = .nan }),
      ("temperature", { $0.sampling?.temperature = -1 }),
      ("top_p", { $0.sampling?.topP = 1.5 }),
      ("top_k", { $0.sampling?.topK = -2 }),
      ("min_p", { $0.sampling?.minP = .infinity }),
      ("repeat_penalty", { $0.sampling?.repetitionPenalty = 0 }),
      ("mirostat", { $0.sampling?.mirostat = 3 }),
      ("logit_bias", { $0.sampling?.logitBias = [0: 101] }),
      ("logit_bias", { $0.sampling?.logitBias = [-1: 1] }),
      ("logit_bias", { $0.sampling?.logitBias = [Token.max: 1] }),
      ("samplers", { $0.sampling?.order = ["top_k", "top_k"] }),
      ("samplers", { $0.sampling?.order = ["no such stage"] }),
      ("stop", { $0.stop = [""] }),
      ("stop", { $0.stop = [String(repeating: "a", count: 300)] }),
      ("stop", { $0.stop = [String](repeating: "a", count: 3000) }),
      ("stop_token_ids", { $0.stopTokens = [-1] }),
      ("stop_token_ids", { $0.stopTokens = [Token](repeating: 3, count: 3000) }),
      ("top_logprobs", { $0.topLogProbabilities = 21 }),
      ("top_logprobs", { $0.topLogProbabilities = -1 }),
      (
        "dry_sequence_breakers",
        {
          $0.sampling?.dryMultiplier = 1
          $0.sampling?.drySequenceBreakers = [""]
        }
      ),
    ]
    for (field, change) in cases {
      var options = GenerationOptions(sampling: SamplingOptions())
      change(&options)
      do throws(ApusError) {
        _ = try model.stream(prompt: "Once", options: options)
        Issue.record("\(field) was accepted")
      } catch {
        guard case .invalidRequest(field, let reason) = error else {
          Issue.record("\(field): \(error)")
          continue
        }
        #expect(reason.utf8.count <= 512)
      }
    }
  }

  @Test func `Every sampling option in its range is accepted`() async throws {
    let model = try await tiny.load()
    var options = GenerationOptions(maxTokens: 10, sampling: SamplingOptions())
    options.sampling?.dryMultiplier = 0.8
    options.sampling?.mirostat = 2
    options.sampling?.xtcProbability = 0.5
    options.sampling?.dynamicTemperatureRange = 0.3
    options.sampling?.repetitionPenalty = 1.1
    options.sampling?.order = ["penalties", "dry", "temperature"]
    options.sampling?.logitBias = [5: -.infinity, 6: 3]
    #expect(try await model.complete("Once", options: options).usage.completionTokens > 0)
  }

  @Test func `Tokens outside the vocabulary and an empty prompt are refused`() async throws {
    let model = try await tiny.load()
    for prompt in [[], [-1], [Token(model.information.vocabularySize)]] as [[Token]] {
      do throws(ApusError) {
        _ = try model.stream(tokens: prompt)
        Issue.record("\(prompt) was accepted")
      } catch {
        guard case .invalidRequest("prompt", _) = error else { Issue.record("\(error)"); continue }
      }
    }
  }

  @Test func `A prompt without room for a completion is refused with its numbers`() async throws {
    let model = try await tiny.load { $0.contextLength = 64 }
    let prompt = [Token](repeating: 5, count: 64)
    #expect(throws: ApusError.contextLengthExceeded(limit: 64, requested: 74, prompt: 64)) {
      _ = try model.stream(tokens: prompt, options: .greedy(10))
    }
    let last = try await model.stream(tokens: Array(prompt.dropLast()), options: .greedy(10)).completion()
    #expect(last.usage.completionTokens == 1 && last.finishReason == .length)
  }

  @Test(arguments: [nil, 0, 1, 100])
  func `A text far too long is refused with the number of its tokens`(_ maxTokens: Int?) async throws {
    let model = try await tiny.load { $0.contextLength = 64 }
    let text = String(repeating: "word ", count: 20_000)
    let count = model.tokenize(text).count
    let error = ApusError.contextLengthExceeded(limit: 64, requested: count + max(1, maxTokens ?? 1), prompt: count)
    #expect(throws: error) { _ = try model.stream(prompt: text, options: GenerationOptions(maxTokens: maxTokens)) }
  }

  @Test func `Tokenizing stops soon after it is told to`() async throws {
    let model = try await tiny.load { $0.contextLength = 64 }
    for text in [String(repeating: "word ", count: 200_000), String(repeating: "a", count: 1_000_000)] {
      let questions = Atomic(0)
      #expect(throws: ApusError.stopped) {
        _ = try model.promptTokens(text, addSpecial: true, parseSpecial: true) {
          questions.add(1, ordering: .relaxed).newValue > 0
        }
      }
      // Once while it works, and once at its end.
      #expect(questions.load(ordering: .relaxed) == 2)
    }
  }
}
