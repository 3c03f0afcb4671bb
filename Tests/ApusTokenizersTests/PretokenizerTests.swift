internal import ApusTestSupport
internal import ApusTokenizers
internal import Testing

@Suite struct PretokenizerTests {
  /// A name of each rule, and the words of one text between bars, as Hugging Face's tokenizers with the rule of the
  /// models' own `tokenizer.json` cut it.
  private static let cases = [
    (
      "default",
      "HTTPServer| camelCase|'|s| it|'|LL| We|'|re|\t|123|45| |123|4|a| 文字かなkana| 가나| e|\u{301}|"
        + "X| |$|5|+|x|/|\n\n  \n  | y|,| |。|z"
    ),
    (
      "gpt-2",
      "HTTPServer| camelCase|'s| it|'|LL| We|'re|\t|12345| 1234|a| 文字かなkana| 가나| e|\u{301}|X| $|"
        + "5|+|x|/|\n\n  \n  | y|,| 。|z"
    ),
    (
      "falcon",
      "HTTPServer| camelCase|'|s| it|'|LL| We|'|re|\t|123|45| |123|4|a| 文字かなkana| 가나| e|\u{301}|"
        + "X| |$|5|+|x|/|\n\n  \n  | y|,| |。|z"
    ),
    (
      "chameleon",
      "HTTPServer| camelCase|'|s| it|'|LL| We|'|re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}|X| |$|5|+|x|/|\n|\n|  |\n|  |y|,| |。|z"
    ),
    (
      "refact",
      "HTTPServer| camelCase|'s| it|'|LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}|X| $|5|+|x|/|\n\n  \n  | y|,| 。|z"
    ),
    (
      "llama-bpe",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|123|45| |123|4|a| 文字かなkana| 가나| e|\u{301}X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "qwen2",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}X| $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "qwen35",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나|"
        + " e\u{301}X| $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "seed-coder",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}X| $|5|+x|/|\n\n  \n|  | y|,| 。|z"
    ),
    (
      "exaone-moe",
      "HTTPServer camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|"
        + "a 文字かなkana 가나 e\u{301}X| $|5|+x|/\n|\n  \n|  | y|,| 。|z"
    ),
    (
      "jais-2",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|123|45| |123|4|a| 文字かなkana| 가나| e|\u{301}X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "minicpm5",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|123|45| |123|4|a| 文字かなkana| 가나| e|\u{301}X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "laguna",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}X| $|5|+x|/|\n\n|  |\n|  | y|,| 。|z"
    ),
    (
      "ufakzeka",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e|"
        + "\u{301}X| $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "tekken",
      "HTTPServer| camel|Case|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나|"
        + " e\u{301}|X| $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "gpt-4o",
      "HTTPServer| camel|Case's| it'LL| We're|\t|123|45| |123|4|a| 文字かなkana| 가나| e\u{301}|X| $|"
        + "5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "tiny_aya",
      "HTTPServer| camel|Case's| it'LL| We're|\t|12|345| |123|4|a| 文字かなkana| 가나| e\u{301}|X| $|"
        + "5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "youtu",
      "HTTPServer| camel|Case's| it'LL| We're|\t|1|2|3|4|5| |1|2|3|4|a| |文字かな|kana| |가나|"
        + " e\u{301}|X| $|5|+x|/\n\n|  \n|  | y|,| |。|z"
    ),
    (
      "kimi-k2",
      "HTTPServer| camel|Case's| it'LL| We're|\t|123|45| |123|4|a| |文字|かなkana| 가나| e\u{301}|X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "deepseek-coder",
      "HTTPServer| camelCase|'|s| it|'|LL| We|'|re|\t|1|2|3|4|5| |1|2|3|4|a| |文字かな|kana| |가나| e|"
        + "\u{301}|X| $|5|+|x|/|\n|\n|  |\n|  | y|,| |。|z"
    ),
    (
      "deepseek-v3",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|123|45| |123|4|a| |文字かな|kana| 가나| e\u{301}X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "spark2_5",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|1|2|3|4|5| |1|2|3|4|a| |文字かな|kana| 가나|"
        + " e\u{301}X| $|5|+x|/|\n|\n|  \n  | y|,| 。|z"
    ),
    (
      "afmoe",
      "HTTPServer| camelCase|'s| it|'LL| We|'re|\t|12|345| |1|234|a| |文字かな|kana| |가나| e\u{301}X|"
        + " $|5|+x|/\n\n|  \n|  | y|,| 。|z"
    ),
    (
      "bloom",
      "HTTPServer| camelCase's| it'LL| We're|\t|12345| 1234a| 文字かなkana| 가나| e\u{301}X| $5+x/|"
        + "\n\n  \n  | y|, 。|z"
    ),
    (
      "viking",
      "HTTPServer| camelCase's| it'LL| We're|\t|1|2|3|4|5| |1|2|3|4|a| 文字かなkana| 가나| e\u{301}X|"
        + " $|5|+x/|\n\n  \n  | y|, 。|z"
    ),
    (
      "superbpe",
      "HTTPServer camelCase's it'LL We're\t|12|345| |1|234|a 文字かなkana 가나 e\u{301}X $|5|"
        + "+x/\n\n  \n   y, 。z"
    ),
  ]

  @Test(arguments: cases)
  func `texts are cut as the model's own tokenizer cuts them`(_ name: String, _ words: String) throws {
    try expectWords(of: words, name)
  }

  @Test(arguments: [
    ("qwen2", "bailingmoe"), ("qwen2", "grok-2"), ("llama-bpe", "glm4"), ("llama-bpe", "chatglm-bpe"),
    ("gpt-4o", "llama4"), ("gpt-4o", "minimax-m2"), ("gpt-2", "modern-bert"), ("gpt-2", "roberta-bpe"),
    ("refact", "smollm"), ("refact", "command-r"), ("deepseek-v3", "hunyuan-dense"), ("bloom", "poro-chat"),
  ])
  func `models of one kind share a rule`(_ kind: String, _ name: String) throws {
    try expectWords(of: try #require(Self.cases.first { $0.0 == kind }).1, name)
  }

  @Test func `long runs of spaces become blocks of powers of two where the model wants that`() throws {
    for (count, sizes) in [(2, [1]), (3, [2]), (4, [2, 1]), (8, [4, 2, 1]), (13, [8, 4]), (31, [16, 8, 4, 2])] {
      let words = sizes.map { String(repeating: " ", count: $0) } + [" a"]
      try expectWords(of: words.joined(separator: "|"), "jais-2", text: String(repeating: " ", count: count) + "a")
    }
  }

  @Test func `names of images are words, and spaces come in twos and fours`() throws {
    try expectWords(of: "x|IMGIMGABIZ|y| |IMGIMGAZ|I", "chameleon")
    for other in ["IMGIMGZ", "IMGIMGABCDEZ", "IMGIMGJZ", "IMGAZ", "IMGIMGA"] { try expectWords(of: other, "chameleon") }
    try expectWords(of: "    |    |  | a|    | a|  |a", "chameleon")
    try expectWords(of: "<|sentinel|:|1|2|>|\t|\t|`|x", "chameleon")
  }

  @Test func `digits are grouped from the end of a number`() throws {
    try expectWords(of: "1|234|567|a|12|345", "superbpe")
    try expectWords(of: "123|456|7|a| |12|345", "tiny_aya")
    try expectWords(of: "x| |1|234", "afmoe")
  }

  /// A mark before a word may be a prefix or the first letter of it.
  @Test func `marks before words`() throws {
    try expectWords(of: "\u{301}|ABC", "gpt-4o")
    try expectWords(of: " \u{301}|A", "gpt-4o")
    try expectWords(of: "\u{301}abc's", "gpt-4o")
    try expectWords(of: "ʰA|bc".replacing("|", with: ""), "tekken")
    try expectWords(of: "éé|É|.É", "tekken")
  }

  /// Expects that `name` cuts `text` into the words of `words` between bars.
  ///
  /// In the vocabulary for it every two neighbours merge, so that each word becomes one token.
  private func expectWords(of words: String, _ name: String, text: String? = nil) throws {
    let expected = words.unicodeScalars.split(separator: "|").map { String($0) }
    let text = text ?? expected.joined()
    let longest = expected.reduce(0) { max($0, $1.utf8.count) }
    let tokenizer = try Self.tokenizer(merging: text, longest: longest, name)
    let tokens = tokenizer.encode(text, addSpecial: false, parseSpecial: false)
    let found = tokens.map { String(decoding: tokenizer.decode([$0]), as: UTF8.self) }
    #expect(found == expected, "\(name)")
  }

  /// A tokenizer in which all parts of `text` of up to `longest` bytes merge, in whatever order.
  private static func tokenizer(merging text: String, longest: Int, _ name: String) throws -> Tokenizer {
    let bytes = SmallVocabularies.byteCharacters
    let characters = text.utf8.map { bytes[Int($0)] }
    var merges: Set<String> = []
    for start in characters.indices {
      for end in characters.indices where end > start && end < start + longest {
        for middle in start..<end {
          merges.insert(characters[start...middle].joined() + " " + characters[middle + 1...end].joined())
        }
      }
    }
    let results = Set(merges.map { $0.replacing(" ", with: "") }).sorted()
    var description = VocabularyDescription(family: "gpt2", texts: ByteStrings(bytes + results))
    description.pretokenizer = name
    description.merges = ByteStrings(merges.sorted())
    return try SmallVocabularies.tokenizer(description)
  }
}
