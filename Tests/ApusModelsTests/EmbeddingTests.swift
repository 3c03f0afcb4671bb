internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusReference
internal import ApusSampling
internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct Embeddings {
  /// What the reference data's page allows for models in float.
  private static let limit: Float = 1e-3

  /// A model, and how its texts become vectors.
  private struct Embedder {
    let model: LanguageModel

    init(_ file: GGUFFile, _ backend: any Backend, maxBatchRows: Int = 512) throws {
      var options = LanguageModel.Options()
      options.maxBatchRows = maxBatchRows
      model = try LanguageModel(file, backend: backend, options: options)
    }

    init(_ model: LanguageModel) { self.model = model }

    /// Vectors of whole texts, all in one step.
    func embed(_ texts: [[Token]]) throws -> [[Float]] {
      let kind = try #require(model.configuration.pooling).kind
      let longest = texts.map(\.count).max() ?? 1
      var runner = try SequenceRunner(model, positions: longest, sequences: texts.count)
      var (rows, ranges) = ([SequenceRunner.Row](), [Range<Int>]())
      for (sequence, text) in texts.enumerated() {
        let wanted = kind.positions(of: text.count)
        ranges.append(rows.count + wanted.lowerBound..<rows.count + wanted.upperBound)
        rows += text.enumerated().map { SequenceRunner.Row($1, sequence: sequence, position: $0) }
      }
      try runner.step(rows, wanted: WantedRows(vectors: ranges))
      return texts.indices.map { runner.vector($0) }
    }

    /// The vector of a text in steps of as many rows as there may be, of a model that generates text.
    func embed(_ text: [Token], _ kind: PoolingPlan.Kind) throws -> [Float] {
      var runner = try SequenceRunner(model, positions: text.count)
      var mean = RowMean()
      for start in stride(from: 0, to: text.count, by: model.maxBatchRows) {
        let part = start..<min(start + model.maxBatchRows, text.count)
        let wanted = kind.positions(of: text.count).clamped(to: part)
        try runner.step(
          part.map { SequenceRunner.Row(text[$0], position: $0) },
          wanted: WantedRows(vectors: wanted.map { $0 - start..<$0 - start + 1 }))
        for index in wanted.indices { mean.add(runner.vector(index - wanted.lowerBound).span) }
      }
      return mean.values
    }
  }

  @Test func `have reference data where it is required`() {
    #expect(!TestData.isRequired || !EmbeddingReference.all.isEmpty)
  }

  @Test(arguments: EmbeddingReference.all)
  func `agree with the stored ones on the CPU`(reference: EmbeddingReference) throws {
    try check(reference, makeBackend())
  }

  @Test(arguments: EmbeddingReference.all)
  func `agree with the stored ones on the reference backend`(reference: EmbeddingReference) throws {
    try check(reference, ReferenceBackend())
  }

  private func check(_ reference: EmbeddingReference, _ backend: any Backend) throws {
    let file = try GGUFFile.open(path: reference.path)
    let found = try Embedder(file, backend).embed(reference.cases.map(\.ids))
    let isDense = file.tensors.allSatisfy { $0.format?.isDense == true }
    let isSoftmax = try ModelConfiguration(file).pooling?.ranking?.isSoftmax == true
    for (found, expected) in zip(found, try reference.expected()) {
      #expect(found.count == reference.n_out)
      let found = isSoftmax ? try probabilities(found) : found
      if isDense || backend is ReferenceBackend {
        let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(difference < Self.limit, "\(reference.file)")
      } else {
        // Our int8 activations are rounded as the reference's own are, not alike.
        let allowed = 4 * (1 - (reference.llama_cpp_quantized?.min_cosine ?? 0.999))
        #expect(cosine(found, expected) > 1 - max(allowed, 1e-3), "\(reference.file)")
      }
    }
  }

  private func probabilities(_ scores: [Float]) throws -> [Float] {
    let all = try LogProbabilities(of: scores.span)
    return scores.indices.map { Float(all.probability(of: Token($0))) }
  }

  @Test(arguments: EmbeddingReference.all)
  func `have the same bits alone, together, in another order and with other threads`(
    reference: EmbeddingReference
  ) throws {
    let file = try GGUFFile.open(path: reference.path)
    let embedder = try Embedder(file, makeBackend())
    let sequences = reference.cases.map(\.ids)
    let together = try embedder.embed(sequences)
    #expect(try sequences.flatMap { try embedder.embed([$0]) } == together)
    #expect(try embedder.embed(sequences.reversed()) == together.reversed())
    let alone = try Embedder(file, makeBackend(threads: 1))
    #expect(try alone.embed(sequences) == together)
  }

  @Test func `of a model that generates text do not depend on where a text is cut`() throws {
    let file = try TinyModel().open()
    let text = (0..<70).map { Token(3 + $0 * 37 % 250) }
    for backend in [try makeBackend(), ReferenceBackend()] as [any Backend] {
      let whole = try Embedder(file, backend)
      for pooling in [PoolingPlan.Kind.first, .last, .mean] {
        let expected = try whole.embed(text, pooling)
        for rows in [1, 7, 32, 69] {
          #expect(try Embedder(file, backend, maxBatchRows: rows).embed(text, pooling) == expected)
        }
      }
    }
  }

  @Test func `and logits come from one step, as from two`() throws {
    let model = try Embedder(TinyModel().open(), makeBackend()).model
    let text = (0..<70).map { Token(3 + $0 * 37 % 250) }
    func step(_ wanted: WantedRows) throws -> SequenceRunner {
      var runner = try SequenceRunner(model, positions: 70, sequences: 2)
      let rows = text.enumerated().map { SequenceRunner.Row($1, sequence: $0 % 2, position: $0 / 2) }
      try runner.step(rows, wanted: wanted)
      return runner
    }
    let logits = WantedRows(logits: [1, 7, 40, 69])
    let vectors = WantedRows(vectors: [0..<1, 3..<4, 8..<39, 68..<69])
    let both = try step(WantedRows(logits: logits.logits, vectors: vectors.vectors))
    let (first, second) = (try step(logits), try step(vectors))
    for index in 0..<4 {
      #expect(both.logits(index) == first.logits(index))
      #expect(both.vector(index) == second.vector(index))
    }
  }

  @Test func `are all that an encoder is asked for`() throws {
    var tiny = TinyModel()
    tiny.pooling = .mean
    let model = try Embedder(tiny.open(), makeBackend()).model
    var runner = try SequenceRunner(model, positions: 1)
    #expect(throws: BackendError.self) { try runner.step([.init(2, position: 0)], logitRows: [0]) }
  }

  @Test(arguments: EmbeddingReference.all)
  func `take keys and values of one layer at a time`(reference: EmbeddingReference) throws {
    let configuration = try ModelConfiguration(GGUFFile.open(path: reference.path))
    #expect(configuration.cacheLayers.count == 1 && configuration.layers > 1)
    let layout = try #require(configuration.kvCacheLayout(format: .f16, positions: 32))
    #expect(layout.format == .f32)
  }

  @Test func `of all-MiniLM are those of the published model`() throws {
    let path = try ModelFiles.optionalPath(of: "all-MiniLM-L6-v2-F32.gguf")
    let (reference, values) = try #require(try SentenceReference.miniLM())
    let loaded = try loadModel(path: path, backend: makeBackend())
    for sentence in reference.cases {
      #expect(loaded.tokenizer.encode(sentence.text, addSpecial: true, parseSpecial: false) == sentence.ids)
    }
    let found = try Embedder(loaded.model).embed(reference.cases.map(\.ids)).map(normalized)
    for (sentence, vector) in zip(reference.cases, found) {
      let expected = Array(values[sentence.row * reference.n_out..<(sentence.row + 1) * reference.n_out])
      // The published GELU is erf's, ours the reference's.
      #expect(zip(vector, expected).map { abs($0 - $1) }.max() ?? 1 < Self.limit)
      #expect(cosine(vector, expected) > 0.99999)
    }
  }

  @Test(arguments: EmbeddingReference.all.filter { $0.cases.contains { $0.text != nil } })
  func `begin with the stored tokens`(reference: EmbeddingReference) throws {
    let tokenizer = try makeTokenizer(GGUFFile.open(path: reference.path))
    for item in reference.cases where item.text_pair == nil {
      guard let text = item.text else { continue }
      #expect(tokenizer.encode(text, addSpecial: true, parseSpecial: false) == item.ids, "\(text)")
    }
  }
}
