internal import ApusGGUF

extension SyntheticModel {
  /// Sets all metadata of the file.
  func setMetadata(_ writer: inout GGUFWriter) {
    setGeneral(&writer)
    setShape(&writer)
    setVocabulary(&writer)
  }

  private func setGeneral(_ writer: inout GGUFWriter) {
    writer.set("general.architecture", shape.architecture)
    writer.set("general.name", "Synthetic \(shape.name)")
    writer.set("general.description", "Random weights from seed \(seed), for measuring speed and memory only.")
    writer.set("general.file_type", mix.fileType)
    writer.set("general.quantization_version", UInt32(2))
  }

  private func setShape(_ writer: inout GGUFWriter) {
    func key(_ name: String) -> String { shape.architecture + "." + name }
    writer.set(key("vocab_size"), UInt32(shape.vocabularySize))
    writer.set(key("context_length"), UInt32(shape.contextLength))
    writer.set(key("embedding_length"), UInt32(shape.hiddenSize))
    writer.set(key("block_count"), UInt32(shape.layers))
    for (name, value) in shape.keys {
      switch value {
      case .integer(let value): writer.set(key(name), UInt32(value))
      case .number(let value): writer.set(key(name), value)
      case .flag(let value): writer.set(key(name), value)
      case .text(let value): writer.set(key(name), value)
      case .perLayer(let value): writer.set(key(name), array: (0..<shape.layers).map { UInt32(value($0)) })
      case .flagPerLayer(let value): writer.set(key(name), array: (0..<shape.layers).map(value))
      }
    }
  }

  private func setVocabulary(_ writer: inout GGUFWriter) {
    let vocabulary = SyntheticVocabulary(count: shape.vocabularySize)
    writer.set("tokenizer.ggml.model", "llama")
    writer.set("tokenizer.ggml.pre", "default")
    writer.set("tokenizer.ggml.tokens", strings: vocabulary.texts)
    writer.set("tokenizer.ggml.scores", array: vocabulary.scores)
    writer.set("tokenizer.ggml.token_type", array: vocabulary.kinds)
    writer.set("tokenizer.ggml.unknown_token_id", SyntheticVocabulary.unknown)
    writer.set("tokenizer.ggml.bos_token_id", SyntheticVocabulary.beginningOfSequence)
    writer.set("tokenizer.ggml.eos_token_id", SyntheticVocabulary.endOfSequence)
    writer.set("tokenizer.ggml.add_bos_token", true)
    writer.set("tokenizer.ggml.add_eos_token", false)
    writer.set(
      "tokenizer.chat_template",
      "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
        + "{% if add_generation_prompt %}assistant:{% endif %}")
  }
}
