internal import Apus
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Completions that are written down and told again.
struct RecordingTests {
  private static let prompt: [Token] = [1, 70, 71, 72]

  /// What a completion told, and its recording.
  fileprivate struct Told {
    let request: GenerationRequest
    var deltas: [TextDelta] = []
    var summary: GenerationSummary?
    var recording: [UInt8]?
    let vocabularySize: Int

    var read: RecordedCompletion? { recording.flatMap(read) }

    func read(_ bytes: [UInt8]) -> RecordedCompletion? {
      RecordedCompletion(bytes, of: request, vocabularySize: vocabularySize)
    }
  }

  /// Runs a request, and writes down what it tells.
  private static func tell(
    _ options: GenerationOptions, scoresFrom: Int? = nil, byteLimit: Int = 1 << 20, isCancelled: Bool = false
  ) async throws -> Told {
    let model = try await TestModel().load()
    let request = GenerationRequest(prompt: prompt, options: options, scoresFrom: scoresFrom)
    var told = Told(request: request, vocabularySize: model.information.vocabularySize)
    var recorder = CompletionRecorder(byteLimit: byteLimit)
    let stream = try model.engine.submit(request)
    if isCancelled { stream.cancel() }
    for try await event in stream {
      switch event {
      case .progress: break
      case .text(let delta):
        recorder.note(delta)
        told.deltas.append(delta)
      case .finished(let summary):
        told.summary = summary
        told.recording = recorder.finish(summary)
      }
    }
    return told
  }

  /// Greedy, and with likely tokens beside each.
  private static func probable(_ count: Int) -> GenerationOptions {
    var options = GenerationOptions.greedy(count)
    options.topLogProbabilities = 3
    return options
  }

  private static func stopped() -> GenerationOptions {
    var options = GenerationOptions.greedy(200)
    options.ignoreEOS = false
    // Each of these letters comes soon.
    options.stop = ["e", "a", "t", "\u{0}", " "]
    return options
  }

  @Test(
    arguments: [
      (GenerationOptions.greedy(20), nil), (probable(20), nil), (probable(5), 1), (probable(0), 1),
      (.greedy(0), nil), (stopped(), nil),
    ] as [(GenerationOptions, Int?)])
  func `What is told again is what was told`(_ options: GenerationOptions, _ scoresFrom: Int?) async throws {
    let told = try await Self.tell(options, scoresFrom: scoresFrom)
    let recording = try #require(told.read)
    var (deltas, summaries): ([TextDelta], [GenerationSummary]) = ([], [])
    for try await event in GenerationStream(replaying: recording) {
      switch event {
      case .progress(let progress):
        #expect(deltas.isEmpty && progress.processed == Self.prompt.count && progress.total == Self.prompt.count)
      case .text(let delta): deltas.append(delta)
      case .finished(let summary): summaries.append(summary)
      }
    }
    #expect(deltas == told.deltas)
    #expect(summaries == [told.summary].compactMap(\.self))
    // What it takes to tell it again is nothing.
    let cost = try #require(summaries.first).replayed
    #expect(cost.usage.cachedTokens == Self.prompt.count && cost.timings.prefill == .zero)
    #expect(cost.usage.completionTokens == told.summary?.usage.completionTokens)
  }

  @Test func `A small recording is small`() async throws {
    let told = try await Self.tell(.greedy(200))
    #expect(try #require(told.recording).count < 200 * 24)
  }

  @Test func `What was cut, or is too long, is not recorded`() async throws {
    #expect(try await Self.tell(.greedy(400), isCancelled: true).recording == nil)
    var options = GenerationOptions.greedy(100_000)
    options.deadline = .nanoseconds(1)
    #expect(try await Self.tell(options).recording == nil)
    let whole = try #require(try await Self.tell(.greedy(20)).recording)
    #expect(try await Self.tell(.greedy(20), byteLimit: whole.count / 2).recording == nil)
  }

  @Test func `A stream that is cancelled ends with what was told until then`() async throws {
    let recording = try #require(try await Self.tell(.greedy(20)).read)
    let stream = GenerationStream(replaying: recording)
    var (tokens, summary): (Int, GenerationSummary?) = (0, nil)
    for try await event in stream {
      switch event {
      case .progress: stream.cancel()
      case .text(let delta): tokens += delta.tokens.count
      case .finished(let end): summary = end
      }
    }
    #expect(tokens == 0 && summary?.finishReason == .cancelled && summary?.usage.completionTokens == 0)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await GenerationStream(replaying: recording).completion()
    }
    task.cancel()
    #expect(try await task.value.finishReason == .cancelled)
  }

  // MARK: Bytes from elsewhere

  @Test func `A recording of another request is none`() async throws {
    let told = try await Self.tell(Self.probable(5), scoresFrom: 1)
    let bytes = try #require(told.recording)
    #expect(told.read(bytes) != nil)
    let plain = GenerationRequest(prompt: Self.prompt, options: .greedy(5), scoresFrom: 1)
    #expect(RecordedCompletion(bytes, of: plain, vocabularySize: told.vocabularySize) == nil)
    let unscored = GenerationRequest(prompt: Self.prompt, options: Self.probable(5))
    #expect(RecordedCompletion(bytes, of: unscored, vocabularySize: told.vocabularySize) == nil)
    let longer = GenerationRequest(prompt: Self.prompt + [70], options: Self.probable(5), scoresFrom: 1)
    #expect(RecordedCompletion(bytes, of: longer, vocabularySize: told.vocabularySize) == nil)
    #expect(RecordedCompletion(bytes, of: told.request, vocabularySize: 1) == nil)
  }

  @Test func `Damage is found, wherever it is`() async throws {
    let told = try await Self.tell(Self.probable(3), scoresFrom: 1)
    let bytes = try #require(told.recording)
    for count in bytes.indices { #expect(told.read(Array(bytes.prefix(count))) == nil) }
    #expect(told.read(bytes + [0]) == nil)
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(told.read(damaged) == nil, "byte \(index)")
    }
  }

  /// Someone who writes into the cache makes the digest fit, too.
  @Test func `Bytes that are made up are no recording, or one that fits the request`() async throws {
    let told = try await Self.tell(Self.probable(3), scoresFrom: 1)
    let content = try #require(told.recording).dropLast(8)
    var chance = SeededGenerator(seed: 151)
    var readable = 0
    for _ in 0..<20_000 {
      var bytes = Array(content)
      for _ in 0...Int.random(in: 0..<3, using: &chance) {
        let index = Int.random(in: bytes.indices, using: &chance)
        switch Int.random(in: 0..<4, using: &chance) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: index)
        default: bytes[index] = [0, 1, 2, 0x7F, 0x80, 0xFF].randomElement(using: &chance) ?? 0
        }
      }
      guard let recording = told.read(bytes + Self.digest(of: bytes)) else { continue }
      readable += 1
      for try await event in GenerationStream(replaying: recording) {
        switch event {
        case .progress: break
        case .text(let delta):
          #expect(delta.tokens.allSatisfy { told.fits($0.id) && told.fit($0.logProbabilities) })
        case .finished(let summary):
          #expect(summary.scores.count == Self.prompt.count - 1 && summary.scores.allSatisfy { told.fit($0) })
        }
      }
    }
    // Texts and numbers may be others without anyone being able to tell.
    #expect(readable > 0)
  }

  private static func digest(of bytes: [UInt8]) -> [UInt8] {
    let digest = unsafe contentDigest(of: bytes.span.bytes, at: 0)
    return (0..<8).map { UInt8(truncatingIfNeeded: digest >> (8 * UInt64($0))) }
  }
}

extension RecordingTests.Told {
  /// Whether a token is one of the vocabulary.
  func fits(_ token: Token) -> Bool { token >= 0 && Int(token) < vocabularySize }

  /// Whether probabilities are such as the request wants.
  func fit(_ values: TokenLogProbabilities?) -> Bool {
    guard let values else { return false }
    return values.chosen < 1 && values.top.count <= 3
      && values.top.allSatisfy { fits($0.token) && $0.logProbability < 1 }
  }
}
