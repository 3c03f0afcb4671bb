package import ApusModels

/// What a test gave.
package struct BenchmarkResult: Sendable {
  package let test: BenchmarkTest
  package let setup: BenchmarkSetup
  package let loadTime: Duration
  /// The test's tokens per second, one value for each repetition.
  package let tokensPerSecond: Samples
  /// What one repetition moves and multiplies at least.
  package let work: ModelWork.Step
  /// Bytes of the KV cache and of scratch memory that lay in huge pages; nil where the system does not tell.
  package let hugePageByteCount: Int?

  package init(
    test: BenchmarkTest, setup: BenchmarkSetup, loadTime: Duration, tokensPerSecond: Samples, work: ModelWork.Step,
    hugePageByteCount: Int? = nil
  ) {
    self.test = test
    self.setup = setup
    self.loadTime = loadTime
    self.tokensPerSecond = tokensPerSecond
    self.work = work
    self.hugePageByteCount = hugePageByteCount
  }

  /// Tokens of one repetition.
  package var tokens: Int { test.countedTokens }

  package var weightBytesPerToken: Double { perToken(work.weightByteCount) }
  package var kvBytesPerToken: Double { perToken(work.kvByteCount) }
  package var operationsPerToken: Double { perToken(work.operations) }
  package var bytesPerSecond: Double { perToken(work.byteCount) * tokensPerSecond.median }
  package var operationsPerSecond: Double { operationsPerToken * tokensPerSecond.median }

  /// The least time that this machine could need, as a share of the time that it took, and what would bound it.
  package func share(of limits: MachineLimits) -> (share: Double, bound: MachineLimits.Bound)? {
    guard let least = limits.leastTime(for: work) else { return nil }
    return (least.seconds * tokensPerSecond.median / Double(tokens), least.bound)
  }

  private func perToken(_ count: Int) -> Double { Double(count) / Double(tokens) }
}
