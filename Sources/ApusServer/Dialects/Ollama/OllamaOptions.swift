internal import Apus
internal import ApusJSON

/// The names in `options`, and what becomes of them.
///
/// Docs/API.md tells users; a test compares it with these lists.
enum OllamaOptions {
  /// What a value must be, by the word that Ollama has for it.
  enum Kind: String {
    case integer
    case float32
    case boolean
    case array
  }

  /// What changes the answer.
  static let honoured: [(name: String, kind: Kind)] = [
    ("num_predict", .integer), ("seed", .integer), ("stop", .array), ("temperature", .float32), ("top_k", .integer),
    ("top_p", .float32), ("min_p", .float32), ("typical_p", .float32), ("repeat_last_n", .integer),
    ("repeat_penalty", .float32), ("presence_penalty", .float32), ("frequency_penalty", .float32),
    ("mirostat", .integer), ("mirostat_tau", .float32), ("mirostat_eta", .float32),
  ]
  /// How the model is loaded, which is the server's business, and what takes no part in an answer.
  static let harmless: [(name: String, kind: Kind)] = [
    ("num_ctx", .integer), ("num_batch", .integer), ("num_gpu", .integer), ("main_gpu", .integer),
    ("num_thread", .integer), ("num_keep", .integer), ("draft_num_predict", .integer), ("use_mmap", .boolean),
    ("use_mlock", .boolean), ("numa", .boolean), ("low_vram", .boolean), ("f16_kv", .boolean),
    ("logits_all", .boolean), ("vocab_only", .boolean), ("embedding_only", .boolean),
  ]
  /// What would make another answer; the values with which it would not are let pass.
  static let refused: [(name: String, kind: Kind, harmless: JSONValue)] = [
    ("tfs_z", .float32, 1), ("penalize_newline", .boolean, true),
  ]
}

extension RequestFields {
  /// What `options` ask for; `usual` says how tokens are chosen where they do not.
  func ollamaOptions(_ model: ModelInformation, _ limits: RequestLimits) throws(Refusal) -> GenerationOptions {
    guard let fields = try object("options") else { return GenerationOptions(sampling: model.sampling) }
    return try fields.asOllamaOptions(usual: model.sampling, vocabularySize: model.vocabularySize, limits)
  }

  /// What these fields ask for, which are options.
  func asOllamaOptions(
    usual: SamplingOptions, vocabularySize: Int, _ limits: RequestLimits
  ) throws(Refusal) -> GenerationOptions {
    try checkOllamaTypes()
    let limit = try int("num_predict", in: -2...Int.max) ?? 0
    let seed = try int("seed", in: Int.min...Int.max)
    return GenerationOptions(
      // As in Ollama, nothing and less is no limit.
      maxTokens: limit > 0 ? limit : nil,
      sampling: try sampling(usual: usual, vocabularySize: vocabularySize, limits: limits),
      seed: seed.flatMap { $0 == -1 ? nil : UInt64(bitPattern: Int64($0)) },
      stop: try texts("stop", limits: limits))
  }

  /// Refuses values of a wrong type, in Ollama's words.
  func checkOllamaTypes() throws(Refusal) {
    for (name, kind) in OllamaOptions.honoured + OllamaOptions.harmless { try check(name, kind) }
    for (name, kind, harmless) in OllamaOptions.refused {
      try check(name, kind)
      guard let value = self[name], value != harmless else { continue }
      throw .unsupported(parameter(name), parameter(name))
    }
  }

  private func check(_ name: String, _ kind: OllamaOptions.Kind) throws(Refusal) {
    guard let value = self[name] else { return }
    let isOfKind =
      switch (kind, value) {
      case (.boolean, .bool), (.array, .array): true
      case (.integer, _): value.number.map { $0 == $0.rounded() } ?? false
      case (.float32, _): value.number != nil
      case (.boolean, _), (.array, _): false
      }
    guard isOfKind else { throw .invalid(parameter(name), "option \"\(name)\" must be of type \(kind.rawValue)") }
  }
}
