package import ApusGGUF
package import ApusTokenizers

extension Vocabulary {
  /// The vocabulary that a model file describes, checked.
  ///
  /// Throws `GGUFError` where a key is missing or of another type, `TokenizerError` where the vocabulary is no good.
  package init(_ metadata: GGUFMetadata) throws {
    try self.init(VocabularyDescription(metadata))
  }
}

extension VocabularyDescription {
  /// What the metadata of a model file say about its vocabulary.
  init(_ metadata: GGUFMetadata) throws(GGUFError) {
    let texts = ByteStrings(try metadata.requireStrings("tokenizer.ggml.tokens"))
    self.init(family: try metadata.requireString("tokenizer.ggml.model"), texts: texts)
    pretokenizer = try metadata.string("tokenizer.ggml.pre")
    scores = try metadata.floats("tokenizer.ggml.scores")
    kinds = try metadata.int32s("tokenizer.ggml.token_type")
    merges = try metadata.strings("tokenizer.ggml.merges").map { ByteStrings($0) }
    addsBOS = try metadata.bool("tokenizer.ggml.add_bos_token")
    addsEOS = try metadata.bool("tokenizer.ggml.add_eos_token")
    addsSeparator = try metadata.bool("tokenizer.ggml.add_sep_token")
    addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
    normalization.removesExtraSpaces = try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
    normalization.characterMap = try metadata.bytes("tokenizer.ggml.precompiled_charsmap") ?? []
    normalization.lowercases = try metadata.bool("tokenizer.ggml.normalizer.lowercase")
    normalization.stripsAccents = try metadata.bool("tokenizer.ggml.normalizer.strip_accents")
    // No key says it; Phi-3's own tokenizer marks its special tokens `rstrip`.
    specialTokensSwallowSpace = try metadata.string("general.architecture") == "phi3"
    for (role, key) in specialTokenKeys {
      guard let id = try metadata.int(key) else { continue }
      // Converters write "none" as -1 in an unsigned field.
      specialIDs[role] = id == Int(UInt32.max) ? -1 : id
    }
    if family == "bert" {
      // BERT's texts start with CLS and end with SEP, whatever a file calls EOS or says of adding it.
      (addsBOS, addsEOS) = (true, true)
      if let separator = specialIDs[.separator] { specialIDs[.endOfSequence] = separator }
    }
  }
}

/// The keys of the special tokens; of several keys of one role the last one that is there counts.
private let specialTokenKeys: [(SpecialToken, String)] = [
  (.beginningOfSequence, "tokenizer.ggml.cls_token_id"),
  (.beginningOfSequence, "tokenizer.ggml.bos_token_id"),
  (.endOfSequence, "tokenizer.ggml.eos_token_id"),
  (.endOfTurn, "tokenizer.ggml.eot_token_id"),
  (.endOfMessage, "tokenizer.ggml.eom_token_id"),
  (.unknown, "tokenizer.ggml.unknown_token_id"),
  (.padding, "tokenizer.ggml.padding_token_id"),
  // Spelled so in the files.
  (.separator, "tokenizer.ggml.seperator_token_id"),
]

extension GGUFMetadata {
  /// The tokens that stand for no text: control tokens and those that only fill up a vocabulary.
  ///
  /// Models are often not trained on them. Nil where the file has no types of tokens.
  func spareTokens() throws(GGUFError) -> Set<Int>? {
    let plain = [TokenKind.normal.rawValue, TokenKind.byte.rawValue]
    return try int32s("tokenizer.ggml.token_type").map { kinds in
      Set(kinds.indices.filter { !plain.contains(kinds[$0]) })
    }
  }
}

extension ByteStrings {
  /// A copy of the strings of a metadata array.
  fileprivate init(_ strings: GGUFStringArray) {
    self.init()
    reserve(count: strings.count, byteCount: strings.byteCount)
    strings.forEach { append($1) }
  }
}
