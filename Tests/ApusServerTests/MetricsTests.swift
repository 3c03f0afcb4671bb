internal import Apus
internal import ApusServer
internal import Metrics
internal import MetricsTestKit
internal import Testing

struct MetricsTests {
  @Test func `What an engine does is told to swift-metrics, with the model's name`() async throws {
    let (tiny, factory) = (try await TestModel.quick(parallel: 2), TestMetrics())
    ModelMetrics(model: "tiny", factory).follow(tiny.model.engine)
    let options = GenerationOptions(maxTokens: 5, sampling: .greedy, ignoreEOS: true)
    async let other = tiny.model.complete("Once upon a time there was", options: options)
    let completions = try await [tiny.model.complete("Tom", options: options), other]
    await tiny.model.drain()
    #expect(throws: ApusError.shuttingDown) { _ = try tiny.model.stream(prompt: "Tom") }
    let (metrics, model) = (tiny.model.engine.metrics, [("model", "tiny")])

    func total(_ label: String, _ more: [(String, String)] = []) throws -> Int {
      Int(try factory.expectCounter(label, model + more).totalValue)
    }
    #expect(try total("apus_requests", [("end", "completed")]) == 2)
    #expect(try total("apus_requests", [("end", "failed")]) == 0)
    #expect(try total("apus_completion_tokens") == 10)
    #expect(try total("apus_prompt_tokens") == completions.reduce(0) { $0 + $1.usage.promptTokens })
    #expect(try total("apus_proposed_tokens") == metrics.proposedTokens)
    #expect(try total("apus_prefix_hits") + total("apus_prefix_misses") == 2)
    #expect(try factory.expectMeter("apus_running_requests", model).lastValue == 0)
    #expect(try factory.expectMeter("apus_kv_blocks_used", model).lastValue == 0)
    #expect(try factory.expectMeter("apus_kv_blocks_cached", model).lastValue == Double(metrics.cachedBlocks))
    #expect(try factory.expectTimer("apus_time_to_first_token", model).values.count == 2)
    #expect(try factory.expectTimer("apus_time_per_token", model).values.count == 8)
    let steps = try EngineStep.Kind.allCases.map {
      try factory.expectTimer("apus_step_time", model + [("kind", $0.rawValue)]).values.count
    }
    #expect(steps.reduce(0, +) == metrics.steps && steps[1] > 0)
  }
}
