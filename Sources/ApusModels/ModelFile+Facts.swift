internal import ApusCore
internal import ApusGGUF
package import ApusTokenizers

/// A value of a model file's metadata.
package enum ModelFact: Sendable, Equatable {
  case whole(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
}

extension ModelFile {
  /// Bytes of a text that are worth telling; longer ones are data, such as a template.
  private static let longestText = 1024

  /// What the metadata say, in the file's order: nil for lists, long texts, and numbers that no `Int` holds.
  package var facts: [(key: String, value: ModelFact?)] {
    file.metadata.keys.map { ($0, fact($0)) }
  }

  /// When the file was last written, renamed or given other rights, in seconds since 1970.
  package var changeTime: Int { file.files[0].stamp.seconds }

  /// A digest that tells the files of different models apart; blocks while a few pages of each tensor are read.
  package var sample: UInt64 { FileSample(file).value }

  /// The chat template, not yet compiled.
  package var chatTemplate: ChatTemplateSource { ChatTemplateSource(file.metadata) }

  /// How its makers want tokens chosen.
  package var sampling: RecommendedSampling { RecommendedSampling(file.metadata) }

  /// Its tokens and their roles; takes time and memory with their number.
  package func vocabulary() throws(ModelError) -> Vocabulary {
    try checkRoom()
    return try makeVocabulary(file)
  }

  private func fact(_ key: String) -> ModelFact? {
    guard let value = file.metadata.value(key) else { return nil }
    switch value {
    case .bool(let flag): return .flag(flag)
    case .float32(let number): return .number(Double("\(number)") ?? Double(number))
    case .float64(let number): return .number(number)
    case .string(let text): return text.byteCount <= Self.longestText ? text.text.map { .text($0) } : nil
    case .array: return nil
    default: return value.integer.map { .whole($0) }
    }
  }
}

extension ModelFile {
  /// Whether these paths are those of one model: one file, or parts of one split model.
  package static func areOneModel(_ paths: [String]) -> Bool { ApusGGUF.areOneModel(paths) }
}
