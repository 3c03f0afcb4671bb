/// Cuts a text into words, within which byte-pair encoding stays: hand-written scanners, linear in the text's length.
///
/// The published rules are regular expressions, applied one after the other: each cuts the pieces that the one before it
/// left into its matches and what lies between them.
struct Pretokenizer: Sendable {
  /// The names in model files (`tokenizer.ggml.pre`) of models that cut text this way.
  let names: [String]
  /// The rules in the order in which they are applied.
  let rules: [any SplitRule]
  /// Whether a word that is a token of its own is taken whole, whatever the merges say.
  var prefersWholeWords = false
  /// Whether a text starts with BOS where the model file does not say.
  var addsBOS = false

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
      throw .unknownPretokenizer(name, known: all.flatMap(\.names))
    }
    return found
  }

  /// Whether a file with this name does not say how its model cuts text: `default` is what converters wrote that did not
  /// know.
  static func isUnnamed(_ name: String?) -> Bool { name.map { $0.utf8.elementsEqual(unnamed.utf8) } ?? true }

  private static let unnamed = "default"

  /// All pre-tokenizers.
  ///
  /// The rules are the models' own `tokenizer.json`; the names are those of the GGUF ecosystem.
  private static let all = [
    Pretokenizer(
      names: [unnamed],
      rules: [
        ClassRun(.asciiSymbolOrPunctuation), GPT2Words(), ClassRun(.number), ClassRun(.asciiDigit, count: 3...3),
      ]),
    Pretokenizer(
      names: [
        "gpt-2", "gpt2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "mpt", "olmo", "jais",
        "trillion", "exaone4", "mellum", "a.x-4.0",
        "granite-docling",
      ],
      rules: [GPT2Words()]),
    Pretokenizer(
      names: ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
      rules: [ClassRun(.number, count: 1...1), GPT2Words()]),
    Pretokenizer(
      names: ["falcon"],
      rules: [ClassRun(.asciiSymbolOrPunctuation), GPT2Words(), ClassRun(.asciiDigit, count: 3...3)]),
    Pretokenizer(
      names: ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
      rules: [Llama3Words(digits: 3)], prefersWholeWords: true, addsBOS: true),
    Pretokenizer(names: ["dbrx", "smaug-bpe"], rules: [Llama3Words(digits: 3)]),
    Pretokenizer(
      names: ["qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "kormo", "solar-open"],
      rules: [Llama3Words(digits: 1)]),
    Pretokenizer(
      names: ["deepseek-llm"],
      rules: [
        ClassRun(.newline, count: 1...1), ClassRun(.casedLetter, afterSpace: true),
        ClassRun(.deepSeekPunctuation, afterSpace: true), TrailingSpace(), ClassRun(.cjk), ClassRun(.number),
      ]),
    Pretokenizer(
      names: ["deepseek-coder"],
      rules: [
        ClassRun(.newline, count: 1...1), ClassRun(.letter, afterSpace: true), ClassRun(.punctuation, afterSpace: true),
        ClassRun(.cjk), ClassRun(.number, count: 1...1),
      ]),
  ]
}
