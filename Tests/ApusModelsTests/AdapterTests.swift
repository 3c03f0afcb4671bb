internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// A tiny model with adapters in a folder of its own.
private struct AdaptedModel {
  let folder: TemporaryFolder
  let tiny: TinyModel

  init(_ change: (inout TinyModel) -> Void = { _ in }) throws {
    var tiny = TinyModel()
    change(&tiny)
    self.tiny = tiny
    folder = try TemporaryFolder()
    try tiny.write(to: folder.path("base.gguf"))
  }

  func adapter(_ change: (inout TinyAdapter) -> Void = { _ in }) throws -> TinyAdapter {
    var adapter = try TinyAdapter(tiny)
    change(&adapter)
    return adapter
  }

  func file(_ adapter: TinyAdapter) throws -> AdapterFile {
    let path = folder.path("adapter-\(adapter.seed).gguf")
    try adapter.write(to: path)
    return try AdapterFile(path: path)
  }

  /// A runner of `sequences` sequences, each with its adapters.
  func runner(
    _ adapters: [AdapterFile] = [], _ uses: [[AdapterUse]] = [], on backend: any Backend, sequences: Int = 1
  ) throws -> SequenceRunner {
    var options = LanguageModel.Options()
    options.adapters = adapters
    let file = try GGUFFile.open(path: folder.path("base.gguf"))
    var runner = try SequenceRunner(
      LanguageModel(file, backend: backend, options: options), positions: 64, sequences: sequences)
    runner.adapters = uses
    return runner
  }

  /// The same model with adapters merged into its F32 weights.
  func merged(_ adapters: [(TinyAdapter, scale: Float)], on backend: any Backend) throws -> SequenceRunner {
    let path = folder.path("merged.gguf")
    let merge: (String, inout [UInt8]) -> Void = { name, bytes in
      for (adapter, scale) in adapters {
        guard let target = adapter.targets.first(where: { $0.name == name }) else { continue }
        let delta = adapter.delta(of: target)
        for (index, difference) in delta.enumerated() {
          let place = index * 4..<index * 4 + 4
          let bits = bytes[place].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
          bytes.replaceSubrange(place, with: (Float(bitPattern: bits) + scale * difference).littleEndianBytes)
        }
      }
    }
    try TinyFile(model: tiny, data: merge).write(to: path)
    return try SequenceRunner(
      LanguageModel(try GGUFFile.open(path: path), backend: backend), positions: 64, sequences: 1)
  }
}

private let tokens = (0..<23).map { Token(3 + $0 * 11 % 250) }

/// The logits of one sequence after each of `tokens`, cut into steps of `chunk`.
private func logits(_ runner: SequenceRunner, sequence: Int = 0, chunk: Int = 64) throws -> [Float] {
  var (runner, all) = (runner, [Float]())
  for start in stride(from: 0, to: tokens.count, by: chunk) {
    let part = tokens[start..<min(start + chunk, tokens.count)]
    try runner.step(part, sequence: sequence, at: start, logitRows: Array(0..<part.count))
    for row in 0..<part.count { all += runner.logits(row) }
  }
  return all
}

private func expectClose(_ found: [Float], _ expected: [Float], within tolerance: Float, _ what: String) {
  let peak = expected.map(\.magnitude).max() ?? 0
  let gap = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  #expect(found.count == expected.count && gap <= tolerance * peak, "\(what): \(gap) of \(peak)")
}

@Suite struct `An adapter` {
  @Test(arguments: [(1, TensorFormat.f32), (3, .f16), (4, .bf16), (17, .f32), (32, .q8_0)])
  func `computes what a model with merged weights does`(rank: Int, format: TensorFormat) throws {
    let model = try AdaptedModel()
    let adapter = try model.adapter { ($0.rank, $0.format) = (rank, format) }
    let (file, uses) = (try model.file(adapter), [[AdapterUse(0, scale: 0.7)]])
    let expected = try logits(model.merged([(adapter, 0.7)], on: ReferenceBackend()))
    let plain = try logits(model.runner(on: ReferenceBackend()))
    #expect(zip(plain, expected).contains { abs($0 - $1) > 0.01 })
    // Keys and values are rounded to F16, here after other sums.
    let reference = try logits(model.runner([file], uses, on: ReferenceBackend()))
    expectClose(reference, expected, within: 2e-3, "reference")
    // With Q8_0 the CPU rounds activations to int8 as well.
    let cpu = try logits(model.runner([file], uses, on: makeBackend()))
    expectClose(cpu, expected, within: format == .q8_0 ? 5e-2 : 2e-3, "CPU")
  }

  @Test func `adds to another`() throws {
    let model = try AdaptedModel()
    let (one, two) = (try model.adapter(), try model.adapter { ($0.seed, $0.rank) = (2, 7) })
    let files = try [one, two].map(model.file)
    let uses = [[AdapterUse(0, scale: 0.5), AdapterUse(1, scale: -0.25)]]
    let found = try logits(model.runner(files, uses, on: makeBackend()))
    let expected = try logits(model.merged([(one, 0.5), (two, -0.25)], on: ReferenceBackend()))
    expectClose(found, expected, within: 2e-3, "both")
  }

  @Test func `need not change all projections`() throws {
    let model = try AdaptedModel()
    let adapter = try model.adapter { adapter in
      adapter.targets.removeAll { $0.name != "blk.1.attn_v.weight" && $0.name != "blk.0.ffn_gate.weight" }
    }
    let found = try logits(model.runner([model.file(adapter)], [[AdapterUse(0, scale: 1)]], on: makeBackend()))
    expectClose(found, try logits(model.merged([(adapter, 1)], on: ReferenceBackend())), within: 2e-3, "some")
  }

  @Test func `gives the same bits whatever shares the batch, however a prompt is cut, with any threads`() throws {
    let model = try AdaptedModel()
    let files = [
      try model.file(model.adapter { $0.format = .f16 }), try model.file(model.adapter { ($0.seed, $0.rank) = (2, 9) }),
    ]
    let uses = [
      [], [AdapterUse(0, scale: 1)], [AdapterUse(1, scale: 0.5)], [AdapterUse(0, scale: -2), AdapterUse(1, scale: 1)],
      [AdapterUse(0, scale: 0.1)],
    ]
    let alone = try uses.map { try logits(model.runner(files, [$0], on: makeBackend(threads: 1))) }
    #expect(alone[0] == (try logits(model.runner(on: makeBackend()))), "as without any adapter loaded")
    #expect(Set(alone).count == uses.count)
    for (threads, chunk) in [(2, 7), (3, 1)] {
      let cut = try uses.map { try logits(model.runner(files, [$0], on: makeBackend(threads: threads)), chunk: chunk) }
      #expect(cut == alone, "\(threads) threads, \(chunk) tokens a step")
    }
    var together = try model.runner(files, uses, on: makeBackend(), sequences: uses.count)
    // All sequences' rows alternate, and only some logits are wanted.
    for half in [0..<9, 9..<tokens.count] {
      let rows = half.flatMap { position in
        uses.indices.map { SequenceRunner.Row(tokens[position], sequence: $0, position: position) }
      }
      let wanted = rows.indices.filter { $0 % 3 != 1 }
      try together.step(rows, logitRows: wanted)
      for (index, row) in wanted.enumerated() {
        let size = together.model.configuration.vocabularySize
        let expected = alone[rows[row].sequence][rows[row].position * size..<(rows[row].position + 1) * size]
        #expect(together.logits(index).elementsEqual(expected), "sequence \(rows[row].sequence), \(rows[row].position)")
      }
    }
  }

  @Test(arguments: SyntheticReference.all)
  func `fits the projections of every architecture`(reference: SyntheticReference) throws {
    let file = try GGUFFile.open(path: reference.path)
    let parts = ["attn_q.", "attn_qkv.", "attn_output.", "ffn_up.", "ffn_down.", "shortconv.in_proj."]
    var adapter = TinyAdapter(file.tensors.map { ($0.name, $0.dimensions) }) { name in
      parts.contains { name.contains($0 + "weight") }
    }
    adapter.architecture = try file.metadata.requireString("general.architecture")
    let folder = try TemporaryFolder()
    try adapter.write(to: folder.path("adapter.gguf"))
    var options = LanguageModel.Options()
    options.adapters = [try AdapterFile(path: folder.path("adapter.gguf"))]
    options.contextLength = reference.positions
    func logits(_ scale: Float?, chunk: Int) throws -> [Float] {
      let model = try LanguageModel(file, backend: try makeBackend(), options: options)
      var runner = try SequenceRunner(model, positions: reference.positions)
      runner.adapters = scale.map { [[AdapterUse(0, scale: $0)]] } ?? []
      let ids = reference.ids.prefix(9)
      for start in stride(from: 0, to: ids.count, by: chunk) {
        let end = min(start + chunk, ids.count)
        try runner.step(ids[start..<end], at: start, logitRows: end == ids.count ? [end - start - 1] : [])
      }
      return Array(runner.logits(0))
    }
    let adapted = try logits(0.1, chunk: 64)
    #expect(adapted == (try logits(0.1, chunk: 2)))
    #expect(adapted != (try logits(nil, chunk: 64)))
  }
}
