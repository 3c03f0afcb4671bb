internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport

/// Runs one sequence through a model, for tests.
final class ModelRunner {
  let model: LanguageModel
  private let cache: KVCache
  private let blocks: [Int32]
  private(set) var position = 0

  init(_ file: GGUFFile, _ backend: CPUBackend, positions: Int, format: KVFormat = .f16, maxBatchRows: Int = 64) throws
  {
    var options = LanguageModel.Options()
    options.maxBatchRows = maxBatchRows
    model = try LanguageModel(file, backend: backend, options: options)
    cache = try model.makeKVCache(format: format, positions: positions)
    // Blocks out of order, so that a table that is not followed shows.
    blocks = (0..<Int32(cache.layout.blocks)).reversed()
  }

  convenience init(
    path: String, _ backend: CPUBackend, positions: Int, format: KVFormat = .f16, maxBatchRows: Int = 64
  ) throws {
    try self.init(
      GGUFFile.open(path: path), backend, positions: positions, format: format, maxBatchRows: maxBatchRows)
  }

  func reset() { position = 0 }

  /// Processes `tokens` in steps of `chunk`, and calls `body` with the logits after each.
  func forEachLogits(
    _ tokens: [Token], chunk: Int = 64, _ body: (Int, ArraySlice<Float>) throws -> Void
  ) throws {
    var logits: [Float] = []
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      let part = Array(tokens[start..<min(start + chunk, tokens.count)])
      try model.forward(
        tokens: part, batch: batch(part.count), cache: cache, logitRows: Array(part.indices), into: &logits)
      for row in part.indices { try body(start + row, slice(logits, row)) }
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
    var logits: [Float] = []
    for start in stride(from: 0, to: tokens.count, by: chunk) {
      let part = Array(tokens[start..<min(start + chunk, tokens.count)])
      let wanted = start + part.count == tokens.count ? [part.count - 1] : []
      try model.forward(tokens: part, batch: batch(part.count), cache: cache, logitRows: wanted, into: &logits)
    }
    return logits
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

  private func slice(_ logits: [Float], _ row: Int) -> ArraySlice<Float> {
    let size = model.configuration.vocabularySize
    return logits[row * size..<(row + 1) * size]
  }

  private func batch(_ count: Int) -> AttentionBatch {
    defer { position += count }
    return AttentionBatch(
      positions: (0..<count).map { Int32(position + $0) }, sequences: Array(repeating: 0, count: count),
      blockTables: [blocks])
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
