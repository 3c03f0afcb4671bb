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

  /// A model and room for several of its sequences.
  private struct Embedder {
    let model: LanguageModel
    let cache: KVCache

    init(_ file: GGUFFile, _ backend: any Backend, maxBatchRows: Int = 512) throws {
      var options = LanguageModel.Options()
      options.maxBatchRows = maxBatchRows
      model = try LanguageModel(file, backend: backend, options: options)
      cache = try model.makeKVCache(format: .f16, positions: 1024)
    }

    func embed(_ sequences: [[Token]], pooling: PoolingPlan.Kind? = nil) throws -> [[Float]] {
      try model.embed(sequences, pooling: pooling, cache: cache).map { try $0.get() }
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
    let longest = sequences.map(\.count).max() ?? 1
    let alone = try Embedder(file, makeBackend(threads: 1), maxBatchRows: longest)
    #expect(try alone.embed(sequences) == together)
  }

  @Test func `of a text too long, or of none, are errors`() throws {
    var tiny = TinyModel()
    (tiny.pooling, tiny.contextLength) = (.mean, 128)
    let file = try tiny.open()
    let embedder = try Embedder(file, makeBackend(), maxBatchRows: 64)
    #expect(throws: EmbeddingError.tooLong(sequence: 1, tokens: 65, limit: 64)) {
      try embedder.embed([[2, 3], [Token](repeating: 5, count: 65)])
    }
    #expect(throws: EmbeddingError.empty(sequence: 0)) { try embedder.embed([[]]) }
    let wide = try Embedder(file, makeBackend())
    // The file's context length.
    #expect(throws: EmbeddingError.tooLong(sequence: 0, tokens: 129, limit: 128)) {
      try wide.embed([[Token](repeating: 5, count: 129)])
    }
  }

  @Test func `of a model that generates text need a pooling, and do not depend on where a text is cut`() throws {
    let file = try TinyModel().open()
    let text = (0..<70).map { Token(3 + $0 * 37 % 250) }
    for backend in [try makeBackend(), ReferenceBackend()] as [any Backend] {
      let whole = try Embedder(file, backend)
      #expect(throws: EmbeddingError.noPooling) { try whole.embed([text]) }
      for pooling in [PoolingPlan.Kind.first, .last, .mean] {
        let expected = try whole.embed([text], pooling: pooling)
        for rows in [1, 7, 32, 69] {
          #expect(try Embedder(file, backend, maxBatchRows: rows).embed([text], pooling: pooling) == expected)
        }
      }
    }
  }

  @Test func `are all that an encoder is asked for`() throws {
    var tiny = TinyModel()
    tiny.pooling = .mean
    let embedder = try Embedder(tiny.open(), makeBackend())
    let batch = AttentionBatch(positions: [0], sequences: [0], blockTables: [[0]])
    var logits = [Float](repeating: 0, count: embedder.model.configuration.vocabularySize)
    var span = logits.mutableSpan
    #expect(throws: BackendError.self) {
      try embedder.model.forward(tokens: [2], batch: batch, cache: embedder.cache, logitRows: [0], into: &span)
    }
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
    let cache = try loaded.model.makeKVCache(format: .f16, positions: 512)
    for sentence in reference.cases {
      #expect(loaded.tokenizer.encode(sentence.text, addSpecial: true, parseSpecial: false) == sentence.ids)
    }
    let found = try loaded.model.embed(reference.cases.map(\.ids), cache: cache).map { try normalized($0.get()) }
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
