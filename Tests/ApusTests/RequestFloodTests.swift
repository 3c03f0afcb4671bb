internal import Apus
internal import ApusSampling
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Very many requests with random cancels on one engine.
struct RequestFloodTests {
  /// How many requests come; those of the environment in a process of their own, whose memory is watched then.
  private static let asked = ProcessInfo.processInfo.environment["APUS_TEST_REQUESTS"].flatMap(Int.init)
  private static let clients = 16

  @Test func `However many requests are cancelled, nothing is left of them`() async throws {
    let model = try TestModel { ($0.contextLength, $0.layers, $0.hiddenSize, $0.feedForwardSize) = (128, 1, 32, 32) }
    let engine = try model.engine {
      $0.maximumSequences = 6
      $0.blockCount = 12
      $0.queueLimit = 64
    }
    let count = Self.asked ?? 3_000
    try await flood(engine, count / 10, seed: 1)
    let before = Self.residentBytes()
    try await flood(engine, count - count / 10, seed: 2)
    // When one more has come to its end, all that was cancelled before is over.
    _ = try await engine.submit(GenerationRequest(prompt: [5], options: .greedy(4))).completion()
    let metrics = engine.metrics
    #expect(metrics.completedRequests + metrics.cancelledRequests == count + 1 && metrics.failedRequests == 0)
    #expect(metrics.usedBlocks == 0 && metrics.runningRequests == 0 && metrics.queuedRequests == 0)
    #expect(metrics.cancelledRequests > count / 10)
    if Self.asked != nil {
      let growth = Self.residentBytes() - before
      print("memory after \(count / 10) requests: \(before >> 10) KiB, after \(count): \(growth >> 10) KiB more")
      #expect(growth < 4 << 20)
    }
  }

  /// Has some clients send requests, one after the other.
  private func flood(_ engine: Engine, _ count: Int, seed: UInt64) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in 0..<Self.clients {
        let own = count / Self.clients + (client < count % Self.clients ? 1 : 0)
        group.addTask {
          var random = RandomSource(seed: seed * 1_000 + UInt64(client))
          for _ in 0..<own { try await Self.ask(engine, &random) }
        }
      }
      try await group.waitForAll()
    }
  }

  /// One request that is read to its end, cancelled on the way, or left alone.
  private static func ask(_ engine: Engine, _ random: inout RandomSource) async throws {
    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
    let prompt = (0...pick(60)).map { Token(3 + ($0 / 8 * pick(3)) % 250) }
    var options = GenerationOptions(maxTokens: pick(12), seed: random.next())
    options.ignoreEOS = true
    options.priority = pick(8) / 7
    let stream = try engine.submit(GenerationRequest(prompt: prompt, options: options))
    switch pick(5) {
    case 0: stream.cancel()
    case 1: return
    case 2:
      var iterator = stream.makeAsyncIterator()
      for _ in 0...pick(3) { _ = try await iterator.next() }
    default: _ = try await stream.completion()
    }
  }

  private static func residentBytes() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
  }
}
