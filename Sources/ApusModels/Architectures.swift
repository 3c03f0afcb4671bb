internal import ApusCore
internal import ApusGGUF

/// A family of networks: what its files' keys and tensors mean.
protocol Architecture: SendableMetatype {
  /// Whether files may have layers at the end that only predict further tokens and are not run.
  static var mayPredictFurther: Bool { get }
  /// The network of a file.
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan
}

extension Architecture {
  static var mayPredictFurther: Bool { false }
}

/// The registry of architectures, by the names that files have in `general.architecture`.
enum Architectures {
  struct Entry: Sendable {
    let name: String
    let type: any Architecture.Type

    init(_ name: String, _ type: any Architecture.Type) {
      self.name = name
      self.type = type
    }
  }

  static let all: [Entry] = [
    Entry("llama", Llama.self),
    Entry("qwen2", Qwen2.self),
    Entry("qwen2moe", Qwen2MoE.self),
    Entry("qwen3", Qwen3.self),
    Entry("qwen3moe", Qwen3MoE.self),
    Entry("mistral3", Mistral3.self),
    Entry("smollm3", SmolLM3.self),
    Entry("gemma", Gemma.self),
    Entry("gemma2", Gemma2.self),
    Entry("gemma3", Gemma3.self),
    Entry("phi2", Phi2.self),
    Entry("phi3", Phi3.self),
    Entry("gpt-oss", GPTOSS.self),
    Entry("gpt2", GPT2.self),
    Entry("falcon", Falcon.self),
    Entry("granite", Granite.self),
    Entry("granitemoe", Granite.self),
    Entry("olmo2", OLMo2.self),
    Entry("olmoe", OLMoE.self),
    Entry("command-r", CommandR.self),
    Entry("cohere2", Cohere2.self),
    Entry("starcoder2", StarCoder2.self),
    Entry("stablelm", StableLM.self),
    Entry("glm4", GLM4.self),
    Entry("glm4moe", GLM4MoE.self),
    Entry("exaone4", EXAONE4.self),
    Entry("ernie4_5", Ernie45.self),
    Entry("ernie4_5-moe", Ernie45.self),
    Entry("seed_oss", SeedOSS.self),
    Entry("bitnet", BitNet.self),
    Entry("deepseek2", DeepSeek2.self),
    Entry("gemma4", Gemma4.self),
    Entry("gemma3n", Gemma3n.self),
    Entry("lfm2", LFM2.self),
    Entry("lfm2moe", LFM2.self),
    Entry("bert", BERT.self),
    Entry("nomic-bert", NomicBERT.self),
    Entry("nomic-bert-moe", NomicBERTMoE.self),
    Entry("jina-bert-v2", JinaBERT2.self),
    Entry("jina-bert-v3", JinaBERT3.self),
    Entry("modern-bert", ModernBERT.self),
    Entry("gemma-embedding", GemmaEmbedding.self),
  ]

  /// Architectures with recurrent layers of kinds that are not computed yet.
  private static let recurrent = [
    "qwen35", "qwen35moe", "qwen3next", "granitehybrid", "falcon-h1", "nemotron_h",
    "nemotron_h_moe", "mamba", "mamba2", "jamba", "rwkv6", "rwkv7", "plamo2", "kimi-linear",
  ]

  /// The entry for the architecture of a file.
  static func entry(for metadata: GGUFMetadata) throws(GGUFError) -> Entry {
    let key = "general.architecture"
    let name = try metadata.requireString(key)
    if let entry = all.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) { return entry }
    // As many names as an error has room for.
    let some = all.prefix(5).map(\.name).joined(separator: ", ")
    let isRecurrent = recurrent.contains { $0.utf8.elementsEqual(name.utf8) }
    throw metadata.error(
      key, .unsupported,
      expected: isRecurrent
        ? "one without recurrent layers, which Apus does not compute yet"
        : "one that Apus computes (\(some) and \(all.count - 5) more, which its README lists)",
      found: "'\(name)'")
  }
}
