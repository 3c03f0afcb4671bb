internal import Apus
internal import ApusCore
internal import ApusModels
internal import ApusTestSupport
internal import Testing

/// Windowed layers keep their window, and what was computed is found again all the same.
struct WindowMemoryTests {
  private func complete(
    _ engine: Engine, _ prompt: [Token], _ count: Int, reusesPrefix: Bool = true
  ) async throws -> Completion {
    var options = GenerationOptions.greedy(count)
    options.reusesPrefix = reusesPrefix
    options.topLogProbabilities = 2
    return try await engine.submit(GenerationRequest(prompt: prompt, options: options)).completion()
  }

  private func text(_ count: Int, seed: Int = 0) -> [Token] {
    (0..<count).map { Token(5 + ($0 * 37 + seed * 11) % 290) }
  }

  @Test(arguments: WindowedModels.shapes)
  func `With just a window and a step's rows a whole context gives what a fresh run gives`(
    shape: ModelShape
  ) async throws {
    let model = try TestModel(shape)
    var options = LanguageModel.Options()
    options.maxBatchRows = 16
    // 40 positions, and 16 more, are never in more than three blocks.
    let small = try model.engine(options: options) { $0.windowBlockCount = 3 }
    let fresh = try model.engine()
    let cold = try await complete(fresh, text(180), 70, reusesPrefix: false)
    #expect(try await complete(small, text(180), 70).tokens == cold.tokens)
    #expect(small.metrics.prefixCounts.windowEvictions > 0)
    // The next turn: the end of the last one is there, whatever became of its middle.
    let next = text(180) + cold.tokens.map(\.id).prefix(60) + text(3, seed: 1)
    let found = try await complete(small, next, 5)
    #expect(found.tokens == (try await complete(fresh, next, 5, reusesPrefix: false)).tokens)
  }

  @Test(arguments: WindowedModels.shapes)
  func `A later turn begins where the last one ended, after others have taken most window blocks`(
    shape: ModelShape
  ) async throws {
    let model = try TestModel(shape)
    let engine = try model.engine {
      $0.blockCount = 40
      $0.windowBlockCount = 9
    }
    let fresh = try model.engine()
    let (first, other) = (text(150), text(100, seed: 3))
    let answer = try await complete(engine, first, 20)
    let otherAnswer = try await complete(engine, other, 4)
    for (text, answer) in [(first, answer), (other, otherAnswer)] {
      let next = text + answer.tokens.map(\.id) + self.text(6, seed: 9)
      let found = try await complete(engine, next, 6)
      #expect(found.usage.cachedTokens == text.count + answer.tokens.count - 1)
      #expect(found.tokens == (try await complete(fresh, next, 6, reusesPrefix: false)).tokens)
    }
  }

  @Test(arguments: WindowedModels.shapes)
  func `A prompt that parts early goes on at the nearest place that is kept`(shape: ModelShape) async throws {
    let model = try TestModel(shape)
    let (engine, fresh) = (try model.engine { $0.windowBlockCount = 6 }, try model.engine())
    _ = try await complete(engine, text(200), 3)
    for length in [190, 150, 90, 60, 20, 200] {
      let prompt = text(length) + text(9, seed: 5)
      let found = try await complete(engine, prompt, 4)
      #expect(found.tokens == (try await complete(fresh, prompt, 4, reusesPrefix: false)).tokens, "\(length)")
    }
  }

  @Test func `Memory of windowed layers ends to grow with the context`() throws {
    let model = try TestModel(WindowedModels.gemma3)
    let file = try ModelFile(path: model.path)
    func bytes(_ context: Int, slots: Int = 1) throws -> Int {
      var use = ModelFootprint.Use(context: context)
      (use.slots, use.isInEngine, use.maxBatchRows) = (slots, true, 16)
      return try #require(file.footprint(use)).kvCache
    }
    // A position of one layer: two heads of 32 values, keys and values, of two bytes.
    let block = KVCacheLayout.blockPositions * 2 * 32 * 2 * 2
    // Three blocks for the window and a step's rows, and as many for texts that are kept.
    #expect(try bytes(64) == 2 * 6 * block)
    #expect(try bytes(192) == 6 * 6 * block)
    #expect(try bytes(256) == (8 + 5 * 6) * block)
    #expect(try bytes(32_768) == (1024 + 5 * 6) * block)
    #expect(try bytes(32_768, slots: 4) == 4 * (1024 + 5 * 6) * block)
  }

  @Test func `What a plan says of the memory is what the engine takes`() async throws {
    for shape in WindowedModels.shapes {
      let model = try TestModel(shape)
      let file = try ModelFile(path: model.path)
      var use = ModelFootprint.Use(context: 256)
      (use.isInEngine, use.maxBatchRows) = (true, 8)
      let context = try #require(file.footprint(use)).kvCache
      for kvMemory in [nil, context, 2 * context + 1, 40 * context] {
        let loaded = try await model.load {
          ($0.kvMemory, $0.parallel, $0.prefillChunk) = (kvMemory, 3, 8)
        }
        let bytes = loaded.engine.cacheLayout.byteCount
        #expect(loaded.information.kvMemory == bytes)
        #expect(bytes ?? .max <= kvMemory ?? 3 * context)
        #expect(kvMemory != nil || (bytes == 3 * context && loaded.information.parallel == 3))
      }
    }
  }
}
