internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

struct RuntimeTests {
  @Test func `A short request is not kept waiting by another model's long one`() async throws {
    let (tiny, runtime, clock) = (try TestModel(), Runtime(), CountingClock())
    let busy = try tiny.engine(in: runtime) { $0.now = { clock.now() } }
    let other = try tiny.engine(in: runtime) { $0.now = { clock.now() } }
    let held = try await HeldEngine(busy)
    let long = try busy.submit(GenerationRequest(prompt: [1, 263], options: .greedy(400)))
    let short = try other.submit(GenerationRequest(prompt: [1, 263], options: .greedy(20)))
    await held.letGo()
    let (last, first) = (try await long.completion(), try await short.completion())
    #expect(first.tokens == Array(last.tokens.prefix(20)))
    #expect(first.time < last.time / 4)
  }

  @Test func `An engine that goes away while another computes ends its own lane alone`() async throws {
    let (tiny, runtime) = (try TestModel(), Runtime())
    let engine = try tiny.engine(in: runtime)
    let expected = try await engine.submit(request(300)).completion().tokens
    let stream = try engine.submit(request(300))
    for _ in 0..<20 {
      let other = try tiny.engine(in: runtime)
      #expect(try await other.submit(request(3)).completion().tokens == Array(expected.prefix(3)))
    }
    #expect(try await stream.completion().tokens == expected)
  }

  @Test func `A text is embedded while another model generates, and neither changes the other`() async throws {
    let (tiny, runtime) = (try TestModel(), Runtime())
    let (one, other) = (try await tiny.load { $0.runtime = runtime }, try await tiny.load { $0.runtime = runtime })
    let options = EmbeddingOptions(pooling: .mean)
    let (text, vector) = (
      try await one.complete("Once", options: .greedy(200)), try await other.embed("Tom", options: options)
    )
    async let together = one.complete("Once", options: .greedy(200))
    for _ in 0..<20 { #expect(try await other.embed("Tom", options: options) == vector) }
    #expect(try await together.tokens == text.tokens)
  }

  private func request(_ count: Int) -> GenerationRequest {
    GenerationRequest(prompt: [1, 263, 270], options: .greedy(count))
  }

  #if os(Linux)
    // In a process of its own, where nobody else has threads.
    @Test func `Models share threads, and leave none behind`() async {
      await #expect(processExitsWith: .success) {
        let tiny = try TestModel()
        try await RuntimeTests.generateTogether(tiny, threads: [3, 3], computing: 1, helping: 2)
        await RuntimeTests.expectThreads(computing: 0, helping: 0)
        try await RuntimeTests.generateTogether(tiny, threads: [3, 2, 3, 1], computing: 1, helping: 3)
        await RuntimeTests.expectThreads(computing: 0, helping: 0)
      }
    }

    /// Loads a model for each number of `threads`, and has all generate at the same time what one generates alone.
    private static func generateTogether(
      _ tiny: TestModel, threads: [Int], computing: Int, helping: Int
    ) async throws {
      let alone = try await tiny.load().complete("Once", options: .greedy(60))
      var models: [Model] = []
      for count in threads { models.append(try await Model.load(tiny.path, options: LoadOptions(threads: count))) }
      try await withThrowingTaskGroup(of: Completion.self) { group in
        for model in models { group.addTask { try await model.complete("Once", options: .greedy(60)) } }
        for try await completion in group { #expect(completion.tokens == alone.tokens) }
      }
      await expectThreads(computing: computing, helping: helping)
      withExtendedLifetime(models) {}
    }

    /// Expects so many threads with our names; they get them, and go, a moment after who started or ended them goes on.
    private static func expectThreads(computing: Int, helping: Int) async {
      let expected = ["apus-compute": computing, "apus-worker": helping].filter { $0.value > 0 }
      var found = threads()
      for _ in 0..<2000 where found != expected {
        try? await Task.sleep(for: .milliseconds(1))
        found = threads()
      }
      #expect(found == expected)
    }

    /// How many threads of ours that compute this process has, by name.
    private static func threads() -> [String: Int] {
      let folder = "/proc/self/task"
      let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let names = tasks.compactMap { try? String(contentsOfFile: "\(folder)/\($0)/comm", encoding: .utf8) }
      return Dictionary(grouping: names.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }) { $0 }
        .mapValues(\.count).filter { $0.key == "apus-compute" || $0.key == "apus-worker" }
    }
  #endif
}

extension Completion {
  /// Between its request and its end.
  fileprivate var time: Duration { summary.timings.queue + summary.timings.prefill + summary.timings.decode }
}
