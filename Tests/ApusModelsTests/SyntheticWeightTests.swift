internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Testing

/// Mean and variance of numbers.
private struct Moments {
  private var count = 0.0
  private var sum = 0.0
  private var squares = 0.0

  mutating func add(_ value: Float) {
    count += 1
    sum += Double(value)
    squares += Double(value) * Double(value)
  }

  var mean: Double { sum / count }
  var variance: Double { squares / count - mean * mean }
}

@Suite struct `The weights of a synthetic model` {
  private static let columns = 1024

  /// The matrices of one layer, decoded from the file by the codec.
  private func weights(_ mix: FormatMix, _ names: [String]) throws -> [[Float]] {
    let folder = try TemporaryFolder()
    let shape = ModelShape(
      "small", layers: 1, hiddenSize: Self.columns, feedForwardSize: 1024, heads: 8, kvHeads: 8, vocabularySize: 300,
      contextLength: 256
    ).with(ModelShape.rms(1e-5))
    try SyntheticModel(shape, mix, seed: 3).write(to: folder.path("model.gguf"))
    let file = try GGUFFile.open(path: folder.path("model.gguf"))
    return try names.map { name in
      let tensor = try #require(file.tensor(named: name))
      let format = try #require(tensor.format)
      var values = [Float](repeating: 0, count: tensor.elementCount)
      var span = values.mutableSpan
      unsafe format.decode(file.bytes(of: tensor).bytes, into: &span)
      return values
    }
  }

  @Test(arguments: TensorFormat.allCases)
  func `have the mean zero and a variance of one over the columns`(format: TensorFormat) throws {
    let mix = try #require(FormatMix(name: format.name))
    let values = try weights(mix, ["blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"])
    #expect(values[0] != values[1], "two tensors with the same weights")
    let expected = 1 / Double(Self.columns)
    var all = Moments()
    var places = [Moments](repeating: Moments(), count: 256)
    for (index, value) in values.joined().enumerated() {
      all.add(value)
      places[index % 256].add(value)
    }
    let deviation = expected.squareRoot()
    #expect(abs(all.mean) < 0.01 * deviation)
    #expect(abs(all.variance / expected - 1) < 0.02)
    // Of 8192 quant blocks; a field in the wrong place would show in the elements around it.
    for (place, moments) in places.enumerated() {
      #expect(abs(moments.mean) < 0.08 * deviation, "element \(place)")
      #expect(abs(moments.variance / expected - 1) < 0.4, "element \(place)")
    }
  }

  @Test func `have gains near one`() throws {
    let gains = try weights(.q4_0, ["blk.0.attn_norm.weight", "output_norm.weight"])
    for values in gains {
      var moments = Moments()
      values.forEach { moments.add($0) }
      #expect(abs(moments.mean - 1) < 0.01 && values.allSatisfy { abs($0 - 1) < 0.1 })
      #expect(moments.variance > 0.001)
    }
  }

  @Test func `are not those of a quant block again`() throws {
    for format in TensorFormat.allCases {
      let mix = try #require(FormatMix(name: format.name))
      let values = try weights(mix, ["blk.0.attn_q.weight"])[0]
      let blocks = stride(from: 0, to: values.count, by: 256).map { Array(values[$0..<$0 + 256]) }
      #expect(Set(blocks).count == blocks.count, "\(format.name)")
    }
  }
}

@Suite struct `A published shape` {
  /// The weights that each model is published with.
  private static let parameters = [
    "smollm2-135m": 134_515_008, "smollm2-360m": 361_821_120, "smollm2-1.7b": 1_711_376_384,
    "qwen2.5-0.5b": 494_032_768, "tinyllama-1.1b": 1_100_048_384, "llama2-7b": 6_738_415_616,
    "llama2-13b": 13_015_864_320, "mistral-7b": 7_241_732_096, "llama3-8b": 8_030_261_248,
    "mixtral-8x7b": 46_702_792_704, "qwen3-0.6b": 596_049_920, "qwen3-4b": 4_022_468_096,
    "qwen3-8b": 8_190_735_360, "qwen3-30b-a3b": 30_532_122_624, "gemma3-270m": 268_098_176,
    "gemma3-1b": 999_885_952, "gemma3-4b": 3_880_099_328, "gpt-oss-20b": 20_914_757_184,
    "gemma-2b": 2_506_172_416, "gemma2-2b": 2_614_341_888, "qwen1.5-moe-a2.7b": 14_315_784_192,
    "granite3.1-1b-a400m": 1_334_628_352, "olmoe-1b-7b": 6_919_161_856, "glm4.5-air": 106_852_251_264,
    "ernie4.5-21b-a3b": 21_825_437_888, "deepseek-v2-lite": 15_706_484_224, "ministral3-3b": 3_429_006_336,
    "smollm3-3b": 3_075_098_624, "phi2": 2_779_683_840, "phi3-mini": 3_821_079_552, "phi4-mini": 3_836_021_760,
    "gpt2": 124_439_808, "falcon-7b": 6_921_720_704, "granite3.3-2b": 2_533_539_840, "olmo2-1b": 1_484_916_736,
    "command-r": 34_980_831_232, "command-r7b": 8_028_033_024, "starcoder2-3b": 3_030_371_328,
    "stablelm2-1.6b": 1_644_515_328, "glm4-9b": 9_400_279_040, "exaone4-1.2b": 1_279_391_488,
    "ernie4.5-0.3b": 360_748_032, "seed-oss-36b": 36_151_104_512, "bitnet-2b": 2_412_820_480,
    "gemma4-12b": 11_907_350_320, "gemma4-26b-a4b": 25_233_141_790, "gemma4-31b": 30_697_345_340,
    "lfm2-1.2b": 1_170_340_608, "lfm2-2.6b": 2_569_272_320,
    // With the bias of its routers.
    "lfm2-8b-a1b": 8_339_929_856 + 22 * 32,
    "nomic-embed-v1.5": 136_731_648, "modernbert-base": 149_014_272, "embeddinggemma-300m": 307_581_696,
    // Without keys, their norm and values in layers that read those of others.
    "gemma3n-e2b": 4_455_632_480 - 10 * (2 * 512 * 2048 + 256),
    "gemma3n-e4b": 6_866_172_400 - 15 * (2 * 512 * 2048 + 256),
    "gemma4-e2b": 4_647_449_891 - 16 * (2 * 256 * 1536 + 256) - 4 * (2 * 512 * 1536 + 512),
    "gemma4-e4b": 7_518_069_034 - 15 * (2 * 512 * 2560 + 256) - 3 * (2 * 1024 * 2560 + 512),
    // Without the pooler, which GGUF files leave out.
    "bert-base": 109_482_240 - 768 * 769, "minilm-l6": 22_713_216 - 384 * 385, "jina-v2-base": 137_368_320 - 768 * 769,
    // Without the bias behind its experts, which GGUF files leave out.
    "nomic-embed-v2-moe": 475_292_928 - 6 * 768,
  ]

  private func tensors(_ shape: ModelShape, _ mix: FormatMix) throws -> [GGUFWriter.Tensor] {
    try SyntheticModel(shape, mix, seed: 1).writer().tensors
  }

  @Test func `has as many weights as the model`() throws {
    let found = try ModelShape.all.map { shape in
      (shape.name, try tensors(shape, .q4_0).reduce(0) { $0 + $1.dimensions.reduce(1, *) })
    }
    #expect(Dictionary(uniqueKeysWithValues: found) == Self.parameters)
  }

  @Test func `is found by name in any case`() {
    #expect(ModelShape(named: "LLaMA2-7B")?.hiddenSize == 4096)
    #expect(ModelShape(named: "llama9") == nil)
    #expect(FormatMix(name: "q4_k_m") == .q4_K_M)
    #expect(FormatMix(name: "q4") == nil)
  }

  /// What llama.cpp counts in the published files of Llama 2 7B; IQ3_S is pure here.
  @Test(arguments: [
    (FormatMix.q4_0, ["F32": 65, "Q4_0": 225, "Q6_K": 1]), (.q8_0, ["F32": 65, "Q8_0": 226]),
    (.f16, ["F32": 65, "F16": 226]), (.q6_K, ["F32": 65, "Q6_K": 226]),
    (.q4_K_M, ["F32": 65, "Q4_K": 193, "Q6_K": 33]), (.q5_K_M, ["F32": 65, "Q5_K": 193, "Q6_K": 33]),
    (.q4_K_S, ["F32": 65, "Q4_K": 217, "Q5_K": 8, "Q6_K": 1]),
    (.q3_K_M, ["F32": 65, "Q3_K": 129, "Q4_K": 92, "Q5_K": 4, "Q6_K": 1]),
    (.mxfp4_moe, ["F32": 65, "Q8_0": 226]), (.iq3_s, ["F32": 65, "IQ3_S": 225, "Q6_K": 1]),
  ])
  func `gets the formats that llama-quantize chooses`(mix: FormatMix, expected: [String: Int]) throws {
    let shape = try #require(ModelShape(named: "llama2-7b"))
    let found = Dictionary(try tensors(shape, mix).map { ($0.type.name, 1) }, uniquingKeysWith: +)
    #expect(found == expected)
  }

  @Test func `gives MXFP4 to the experts of gpt-oss and to nothing else`() throws {
    let shape = try #require(ModelShape(named: "gpt-oss-20b"))
    for tensor in try tensors(shape, .mxfp4_moe) where tensor.type.name != "F32" {
      #expect(tensor.type.name == (tensor.name.contains("_exps.weight") ? "MXFP4" : "Q8_0"), "\(tensor.name)")
    }
  }

  @Test func `falls back where rows are not whole quant blocks of 256`() throws {
    let shape = try #require(ModelShape(named: "smollm2-135m"))
    let formats = { (mix: FormatMix) in
      Dictionary(uniqueKeysWithValues: try tensors(shape, mix).map { ($0.name, $0.type.name) })
    }
    let found = try formats(.q4_K_M)
    #expect(found["token_embd.weight"] == "Q8_0")
    #expect(found["blk.0.attn_v.weight"] == "Q8_0")
    #expect(found["blk.4.attn_v.weight"] == "Q5_0")
    #expect(found["blk.0.ffn_down.weight"] == "Q6_K")
    #expect(found["blk.4.ffn_down.weight"] == "Q4_K")
    #expect(try formats(.q2_K)["blk.0.attn_q.weight"] == "Q4_0")
    #expect(try formats(.q5_K)["blk.0.attn_q.weight"] == "Q5_1")
    #expect(try formats(.iq4_xs)["blk.0.attn_q.weight"] == "IQ4_NL")
    #expect(try formats(.iq2_xxs)["blk.0.attn_q.weight"] == "IQ4_NL")
    #expect(try formats(.nvfp4)["blk.0.attn_q.weight"] == "NVFP4")
    #expect(try formats(.q1_0)["blk.0.attn_q.weight"] == "Q4_0")
  }

  @Test func `gets floats of four bits in its experts alone from the mix that is named after them`() {
    #expect(FormatMix.mxfp4_moe.format(.experts, layers: 1, columns: 64) == .mxfp4)
    #expect(FormatMix.mxfp4_moe.format(.other, layers: 1, columns: 64) == .q8_0)
    #expect(FormatMix.mxfp4.format(.other, layers: 1, columns: 64) == .mxfp4)
  }
}
