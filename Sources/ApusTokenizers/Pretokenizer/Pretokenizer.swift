/// Cuts a text into words, within which byte-pair encoding stays: hand-written scanners, linear in the text's length.
///
/// The published rules are regular expressions, applied one after the other: each cuts the pieces that the one before
/// it left into its matches and what lies between them.
struct Pretokenizer: Sendable {
  /// The names in model files (`tokenizer.ggml.pre`) of models that cut text this way.
  let names: [String]
  /// The rules in the order in which they are applied.
  let rules: [any SplitRule]
  /// Whether a word that is a token of its own is taken whole, whatever the merges say.
  var prefersWholeWords = false
  /// Whether a text starts with BOS where the model file does not say.
  var addsBOS = false
  /// Whether SEP stands between two texts where the model file does not say (RoBERTa).
  var addsSeparator = false

  /// Where the words of `text[range]` end, in rising order.
  func ends(of text: Span<UInt8>, _ range: Range<Int>) -> [Int] {
    var ends = range.isEmpty ? [] : [range.upperBound]
    for rule in rules { ends = rule.split(text, from: range.lowerBound, ends) }
    return ends
  }

  /// The pre-tokenizer that model files call `name`; `default` where they name none.
  static func named(_ name: String?) throws(TokenizerError) -> Pretokenizer {
    let name = name ?? unnamed
    guard let found = all.first(where: { $0.names.contains { $0.utf8.elementsEqual(name.utf8) } }) else {
      throw .unknownPretokenizer(name, known: all.flatMap(\.names) + Tokenizers.pretokenizers)
    }
    return found
  }

  /// Whether a file with this name does not say how its model cuts text: `default` is what converters wrote that did
  /// not know.
  static func isUnnamed(_ name: String?) -> Bool { name.map { $0.utf8.elementsEqual(unnamed.utf8) } ?? true }

  static let unnamed = "default"
}
