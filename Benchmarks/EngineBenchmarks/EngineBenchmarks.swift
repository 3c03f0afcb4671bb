internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ArgumentParser

/// Prefill and decode speed of a model, without sampling or text: comparable with `llama-bench -p P -n N`.
@main
struct EngineBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "EngineBenchmarks", abstract: "Measures prefill and decode speed of a model.")

  @Argument(help: "A GGUF file.") var model: String
  @Option(name: .shortAndLong, help: "Tokens of the prompt.") var prompt = 512
  @Option(name: .shortAndLong, help: "Tokens to decode.") var number = 64
  @Option(name: .shortAndLong, help: "Threads.") var threads = Machine.current().threadCount
  @Option(name: .shortAndLong, help: "Repetitions; the median counts.") var repetitions = 3
  @Option(name: .shortAndLong, help: "Positions before decoding starts.") var depth = 0
  @Option(name: .shortAndLong, help: "Rows in a prefill step.") var batch = 256
  @Option(name: .shortAndLong, help: "Kernel level.") var kernels: String?
  @Option(help: "KV format: f16 or q8_0.") var kv = "f16"

  func run() throws {
    let level = kernels.flatMap { Kernels(level: $0) } ?? .best()
    let backend = try CPUBackend(.init(threads: threads, kernels: level))
    var options = LanguageModel.Options()
    options.maxBatchRows = batch
    let language = try LanguageModel(try GGUFFile.open(path: model), backend: backend, options: options)
    let positions = max(prompt, depth + number)
    let cache = try language.makeKVCache(format: KVFormat(rawValue: kv) ?? .f16, positions: positions)
    var run = Run(model: language, cache: cache, positions: positions)
    try run.step(count: 1, from: 0)
    print("\(language.backend is CPUBackend ? level.name : "?"), \(threads) threads, batch \(batch)")
    if prompt > 0 {
      try report("prefill \(prompt)", tokens: prompt) { try run.prefill(prompt, batch: batch) }
    }
    if depth > 0 { try run.prefill(depth, batch: batch) }
    if number > 0 {
      try report("decode \(number) after \(depth)", tokens: number) {
        for position in depth..<depth + number { try run.step(count: 1, from: position) }
      }
    }
  }

  private func report(_ name: String, tokens: Int, _ body: () throws -> Void) rethrows {
    var rates: [Double] = []
    for _ in 0..<max(1, repetitions) {
      let elapsed = try ContinuousClock().measure(body)
      rates.append(Double(tokens) / (elapsed / .seconds(1)))
    }
    rates.sort()
    let format = { (value: Double) in "\((value * 100).rounded() / 100)" }
    print("\(name): \(format(rates[rates.count / 2])) tok/s (\(format(rates[0])) to \(format(rates[rates.count - 1])))")
  }
}

/// One sequence of arbitrary tokens.
struct Run {
  let model: LanguageModel
  let cache: KVCache
  private let table: [Int32]
  private var logits: [Float] = []

  init(model: LanguageModel, cache: KVCache, positions: Int) {
    self.model = model
    self.cache = cache
    table = (0..<Int32(KVCacheLayout.blocks(forPositions: positions))).map { $0 }
  }

  mutating func prefill(_ count: Int, batch: Int) throws {
    for start in stride(from: 0, to: count, by: batch) { try step(count: min(batch, count - start), from: start) }
  }

  mutating func step(count: Int, from position: Int) throws {
    let vocabulary = model.configuration.vocabularySize
    let tokens = (position..<position + count).map { Token($0 &* 7919 % vocabulary) }
    let batch = AttentionBatch(
      positions: (position..<position + count).map { Int32($0) }, sequences: [Int32](repeating: 0, count: count),
      blockTables: [table])
    try model.forward(tokens: tokens, batch: batch, cache: cache, logitRows: [count - 1], into: &logits)
  }
}
