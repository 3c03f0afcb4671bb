internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport

/// Runs one sequence through a model, for tests.
final class ModelRunner {
  private var runner: SequenceRunner
  private(set) var position = 0
  var model: LanguageModel { runner.model }

  init(
    _ file: GGUFFile, _ backend: any Backend, positions: Int, format: KVFormat = .f16, maxBatchRows: Int = 64
  ) throws {
    var options = LanguageModel.Options()
    options.maxBatchRows = maxBatchRows
    options.contextLength = positions
    let model = try LanguageModel(file, backend: backend, options: options)
    // Blocks out of order, so that a table that is not followed shows.
    runner = try SequenceRunner(model, format: format, positions: positions, inReverse: true)
  }

  convenience init(
    path: String, _ backend: any Backend, positions: Int, format: KVFormat = .f16, maxBatchRows: Int = 64
  ) throws {
    try self.init(
      GGUFFile.open(path: path), backend, positions: positions, format: format, maxBatchRows: maxBatchRows)
  }

  func reset() { position = 0 }

  /// Processes `tokens` in steps of `chunk`, and calls `body` with the logits after each.
  func forEachLogits(
    _ tokens: [Token], chunk: Int = 64, _ body: (Int, ArraySlice<Float>) throws -> Void
  ) throws {
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      let part = tokens[start..<min(start + chunk, tokens.count)]
      try step(part, logitRows: Array(0..<part.count))
      for row in 0..<part.count { try body(start + row, runner.logits(row)) }
    }
  }

  /// The logits after each token, `[tokens, vocabularySize]`.
  func logits(_ tokens: [Token], chunk: Int = 64) throws -> [Float] {
    var all: [Float] = []
    try forEachLogits(tokens, chunk: chunk) { all += $1 }
    return all
  }

  /// The logits after the last token alone, as a prompt is processed.
  func lastLogits(_ tokens: [Token], chunk: Int = 64) throws -> [Float] {
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      let part = tokens[start..<min(start + chunk, tokens.count)]
      try step(part, logitRows: part.endIndex == tokens.count ? [part.count - 1] : [])
    }
    return Array(runner.logits(0))
  }

  /// The `count` best tokens after `prompt`, one after the other.
  func greedy(_ prompt: [Token], count: Int) throws -> [Token] {
    var tokens: [Token] = []
    var next = prompt
    for _ in 0..<count {
      next = [Token(bestIndex(try lastLogits(next)[...]))]
      tokens += next
    }
    return tokens
  }

  private func step(_ tokens: ArraySlice<Token>, logitRows: [Int]) throws {
    try runner.step(tokens, at: position, logitRows: logitRows)
    position += tokens.count
  }
}

/// A backend as CI wants it: `APUS_KERNELS` forces a level of kernels.
func makeBackend(threads: Int = 2) throws -> CPUBackend {
  var kernels = Kernels.best()
  if let level = KernelLevel.forced {
    guard let forced = Kernels(level: level) else { throw NoSuchLevel(name: level) }
    kernels = forced
  }
  return try CPUBackend(.init(threads: threads, kernels: kernels))
}

private struct NoSuchLevel: Error {
  let name: String
}
