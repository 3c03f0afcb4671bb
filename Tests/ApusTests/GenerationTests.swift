internal import Apus
internal import ApusTestSupport
internal import Testing

struct GenerationTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `Greedy tokens and text are those of the reference`() async throws {
    #expect(!ReferenceModels.all.isEmpty)
    for (path, cases) in ReferenceModels.all {
      let model = try await Model.load(path, options: LoadOptions(threads: 1))
      for reference in cases {
        let stream = try model.stream(tokens: reference.ids, options: .greedy(reference.greedy_ids.count))
        let completion = try await stream.completion()
        #expect(completion.tokens.map(\.id) == reference.greedy_ids, "\(path) \(reference.name)")
        guard let text = reference.greedy_text else { continue }
        // The reference keeps the space that a text's first word has in the vocabulary.
        #expect(completion.text == text || " " + completion.text == text, "\(path) \(reference.name)")
        #expect(completion.finishReason == .length)
      }
    }
  }

  @Test func `A request that names no sampling gets what the file recommends`() async throws {
    let file = try TestModel { $0.sampling = ["temp": 0] }
    let model = try await file.load()
    #expect(model.information.sampling == .greedy)
    var options = GenerationOptions.greedy(20)
    let greedy = try await model.complete("the", options: options)
    options.sampling = nil
    #expect(try await model.complete("the", options: options).text == greedy.text)
    options.sampling = SamplingOptions()
    options.seed = 3
    #expect(try await model.complete("the", options: options).text != greedy.text)
  }

  @Test func `The deltas of a stream joined are the completion`() async throws {
    let model = try await tiny.load()
    let whole = try await model.complete("Lily went to", options: .greedy(60))
    var text = ""
    var tokens: [Token] = []
    var summaries: [GenerationSummary] = []
    for try await event in try model.stream(prompt: "Lily went to", options: .greedy(60)) {
      switch event {
      case .progress: #expect(text.isEmpty)
      case .text(let delta):
        text += delta.text
        tokens += delta.tokens.map(\.id)
      case .finished(let summary): summaries.append(summary)
      }
    }
    #expect(text == whole.text)
    #expect(tokens == whole.tokens.map(\.id))
    #expect(summaries.count == 1)
    #expect(summaries.first?.usage.completionTokens == 60)
  }

  @Test func `The same seed gives the same text, another seed another`() async throws {
    let model = try await tiny.load()
    var options = GenerationOptions(maxTokens: 50, sampling: SamplingOptions(), seed: 7)
    options.sampling?.temperature = 1.2
    let first = try await model.complete("One day", options: options)
    let second = try await model.complete("One day", options: options)
    options.seed = 8
    let other = try await model.complete("One day", options: options)
    #expect(first.text == second.text)
    #expect(first.summary.seed == 7)
    #expect(first.text != other.text)
  }

  @Test func `A random seed is reported and gives the same text again`() async throws {
    let model = try await tiny.load()
    var options = GenerationOptions(maxTokens: 30)
    let first = try await model.complete("The dog", options: options)
    options.seed = first.summary.seed
    #expect(try await model.complete("The dog", options: options).text == first.text)
  }

  @Test func `A stop text across tokens ends the completion and none of it leaks`() async throws {
    let model = try await tiny.load()
    let whole = try await model.complete("Once upon a time", options: .greedy(60)).text
    let characters = Array(whole)
    var turns = 0
    for start in stride(from: 5, to: min(60, characters.count - 7), by: 9) {
      let stop = String(characters[start..<start + 7])
      guard let range = firstRange(of: stop, in: whole) else { continue }
      turns += 1
      var options = GenerationOptions.greedy(60)
      options.stop = ["no such text", stop]
      let stopped = try await model.complete("Once upon a time", options: options)
      #expect(stopped.text == String(whole[..<range]))
      #expect(stopped.finishReason == .stop)
      #expect(stopped.summary.stopReason == .stopText(stop))
      var streamed = ""
      for try await case .text(let delta) in try model.stream(prompt: "Once upon a time", options: options) {
        streamed += delta.text
        #expect(whole.hasPrefix(streamed))
      }
      #expect(streamed == stopped.text)
    }
    #expect(turns > 0)
  }

  private func firstRange(of text: String, in whole: String) -> String.Index? {
    var index = whole.startIndex
    while index < whole.endIndex {
      if whole[index...].hasPrefix(text) { return index }
      index = whole.index(after: index)
    }
    return nil
  }

  @Test func `A stop token ends the completion and is not part of it`() async throws {
    let model = try await tiny.load()
    let whole = try await model.complete("Tom", options: .greedy(30)).tokens.map(\.id)
    let stop = whole[12]
    let first = whole.firstIndex(of: stop) ?? 0
    var options = GenerationOptions.greedy(30)
    options.stopTokens = [stop]
    let stopped = try await model.complete("Tom", options: options)
    #expect(stopped.tokens.map(\.id) == Array(whole[..<first]))
    #expect(stopped.summary.stopReason == .stopToken(stop))
    #expect(stopped.usage.completionTokens == first)
  }

  @Test func `Logarithmic probabilities come with each token, the chosen one among the most likely`() async throws {
    let model = try await tiny.load()
    var options = GenerationOptions.greedy(20)
    options.topLogProbabilities = 3
    let completion = try await model.complete("A cat", options: options)
    for token in completion.tokens {
      let probabilities = try #require(token.logProbabilities)
      #expect(probabilities.top.count == 3)
      #expect(probabilities.top.first?.token == token.id)
      #expect(probabilities.top.first?.logProbability == probabilities.chosen)
      #expect(probabilities.chosen <= 0 && probabilities.chosen.isFinite)
    }
    let without = try await model.complete("A cat", options: .greedy(20))
    #expect(without.tokens.allSatisfy { $0.logProbabilities == nil })
  }

  @Test func `No tokens asked for means that only the prompt is processed`() async throws {
    let model = try await tiny.load()
    let completion = try await model.complete("A cat", options: .greedy(0))
    #expect(completion.text.isEmpty && completion.tokens.isEmpty)
    #expect(completion.finishReason == .length)
    #expect(completion.usage.promptTokens > 1)
  }

  @Test func `A completion without a limit ends with the context at the latest`() async throws {
    let model = try await tiny.load { $0.contextLength = 64 }
    var options = GenerationOptions.greedy
    options.ignoreEOS = true
    let completion = try await model.complete("A cat", options: options)
    #expect(completion.finishReason == .length)
    #expect(completion.usage.totalTokens == 64)
  }

  @Test func `An empty prompt begins with the model's own first token`() async throws {
    let model = try await tiny.load()
    let completion = try await model.complete("", options: .greedy(5))
    #expect(completion.usage.promptTokens == 1)
    #expect(completion.usage.completionTokens == 5)
  }

  @Test func `However a prompt is cut into chunks, the text is the same, with every model`() async throws {
    for path in [tiny.path] + ReferenceModels.paths {
      var texts: Set<[Token]> = []
      for chunk in [1, 7, 256] {
        let options = LoadOptions(threads: 1, prefillChunk: chunk)
        let model = try await Model.load(path, options: options)
        let prompt = (0..<40).map { Token(3 + $0 * 7 % 290) }
        let stream = try model.stream(tokens: prompt, options: .greedy(8))
        texts.insert(try await stream.completion().tokens.map(\.id))
      }
      #expect(texts.count == 1, "\(path)")
    }
  }
}
