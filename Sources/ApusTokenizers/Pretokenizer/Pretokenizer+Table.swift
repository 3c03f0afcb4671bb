extension Pretokenizer {
  /// All pre-tokenizers.
  ///
  /// The rules are the models' own `tokenizer.json`; the names are those of the GGUF ecosystem.
  static let all =
    gpt2Kind + llama3Kind + casedKind + deepSeekKind + [
      Pretokenizer(
        names: ["bloom", "gpt3-finnish", "poro-chat"], rules: [ClassRun(.bloomWord, after: .blank)]),
      Pretokenizer(
        names: ["viking"], rules: [ClassRun(.bloomWord, after: .blank), ClassRun(.classes(.number), count: 1...1)]),
      Pretokenizer(
        names: ["superbpe"], rules: [ClassRun(.classes(.number)), DigitGroups(digits: .decimalDigit, cutsOnly: true)]),
    ]

  /// Words with a space before them: GPT-2's rule, alone or after others.
  private static let gpt2Kind = [
    Pretokenizer(
      names: [unnamed],
      rules: [
        ClassRun(.plainPunctuation), gpt2Words, ClassRun(.classes(.number)), ClassRun(.asciiDigit, count: 3...3),
      ]),
    Pretokenizer(
      names: [
        "gpt-2", "gpt2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "mpt", "olmo", "jais",
        "trillion", "exaone4", "mellum", "a.x-4.0",
        "granite-docling", "modern-bert",
      ],
      rules: [gpt2Words]),
    Pretokenizer(
      names: ["roberta-bpe", "jina-v1-en", "jina-v2-code"], rules: [gpt2Words], addsSeparator: true),
    Pretokenizer(
      names: [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2",
      ],
      rules: [ClassRun(.classes(.number), count: 1...1), gpt2Words]),
    Pretokenizer(
      names: ["falcon"],
      rules: [ClassRun(.falconPunctuation), gpt2Words, ClassRun(.asciiDigit, count: 3...3)]),
    // The model has a rule for `<sentinel:1>` too, which changes nothing: the later ones cut at its marks.
    Pretokenizer(
      names: ["chameleon"],
      rules: [
        ImageName(),
        Alternation([
          ClassRun(.range(0x09...0x0A), count: 1...1), ClassRun(.blank, count: 4...4), ClassRun(.blank, count: 2...2),
        ]),
        ClassRun(.classes(.number), count: 1...1), ClassRun(.falconPunctuation, count: 1...1), gpt2Words,
      ], addsBOS: true),
  ]

  /// Words with any one character before them: the rule of `cl100k_base`, as Llama 3 and Qwen have it.
  private static let llama3Kind = [
    Pretokenizer(
      names: [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano",
      ],
      rules: [llama3Words(digits: 3)], prefersWholeWords: true, addsBOS: true),
    Pretokenizer(names: ["glm4", "glm5"], rules: [llama3Words(digits: 3)], prefersWholeWords: true),
    Pretokenizer(names: ["dbrx", "smaug-bpe", "chatglm-bpe"], rules: [llama3Words(digits: 3)]),
    Pretokenizer(
      names: [
        "qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "kormo", "solar-open", "f2llmv2", "grok-2",
        "bailingmoe", "bailingmoe2", "llada-moe",
      ],
      rules: [llama3Words(digits: 1)]),
    Pretokenizer(
      names: ["qwen35"],
      rules: [
        llama3Words(
          ClassRun(.classes([.letter, .mark]), after: .inLineNoneOf([.letter, .number])), digits: 1,
          others: ClassRun(.noneOf([.space, .letter, .mark, .number]), after: .blank, then: .newline))
      ]),
    Pretokenizer(
      names: ["seed-coder"],
      rules: [llama3Words(digits: 1, others: ClassRun(.noneOf([.space, .letter, .number]), after: .blank))]),
    Pretokenizer(
      names: ["exaone-moe"],
      rules: [
        llama3Words(
          Phrase(), digits: 1,
          others: ClassRun(
            .noneOf([.space, .letter, .number]), after: .blank, then: .newlineOrSlash, behindLimit: 1))
      ]),
    Pretokenizer(names: ["jais-2"], rules: [llama3Words(digits: 3), SpaceBlocks()]),
    Pretokenizer(
      names: ["minicpm5"],
      rules: [ClassRun(.classes(.number), count: 1...3), llama3Words(digits: .max)], prefersWholeWords: true),
    Pretokenizer(
      names: ["laguna"],
      rules: [Alternation([ClassRun(.lineFeed), ClassRun(.notLineFeed)]), llama3Words(digits: 1)]),
    Pretokenizer(
      names: ["ufakzeka"], rules: [Alternation(wordsAndSpaces(letters, digits: 1, others: others))]),
  ]

  /// Words that begin where upper case follows lower case: the rule of `o200k_base` and of Mistral's Tekken.
  private static let casedKind = [
    Pretokenizer(
      names: ["tekken"], rules: [casedWords(CasedWord(), digits: 1)], prefersWholeWords: true, addsBOS: true),
    Pretokenizer(
      names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
      rules: [casedWords(CasedWord(contraction: contraction), digits: 3)]),
    Pretokenizer(
      names: ["granite-embed-multi-97m"], rules: [casedWords(CasedWord(contraction: contraction), digits: 3)],
      prefersWholeWords: true),
    Pretokenizer(
      names: ["tiny_aya", "cohere2moe"],
      rules: [
        DigitGroups(digits: .decimalDigit, needsBoundary: true),
        casedWords(CasedWord(contraction: contraction), digits: 3),
      ]),
    Pretokenizer(
      names: ["kimi-k2"],
      rules: [
        Alternation(
          [ClassRun(.han)]
            + wordsAndSpaces(
              CasedWord(upperCase: .upperCaseNotHan, lowerCase: .lowerCaseNotHan, contraction: contraction),
              digits: 3, others: others))
      ]),
    Pretokenizer(
      names: ["youtu"],
      rules: [
        ClassRun(.hangul), ClassRun(.widePunctuation), ClassRun(.bopomofo), ClassRun(.ideographOrKana),
        casedWords(CasedWord(contraction: contraction), digits: 1),
      ],
      prefersWholeWords: true),
  ]

  /// DeepSeek's rules, which cut letters, punctuation, digits and ideographs apart.
  private static let deepSeekKind = [
    Pretokenizer(
      names: ["deepseek-llm"],
      rules: [
        ClassRun(.newline, count: 1...1), ClassRun(.casedLetter, after: .classes(.space)),
        ClassRun(.deepSeekPunctuation, after: .classes(.space)), TrailingSpace(), ClassRun(.cjk),
        ClassRun(.classes(.number)),
      ]),
    Pretokenizer(
      names: ["deepseek-coder"],
      rules: [
        ClassRun(.newline, count: 1...1), ClassRun(.classes(.letter), after: .classes(.space)),
        ClassRun(.classes(.punctuation), after: .classes(.space)), ClassRun(.cjk),
        ClassRun(.classes(.number), count: 1...1),
      ]),
    Pretokenizer(
      names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
      rules: [
        ClassRun(.classes(.number), count: 1...3), ClassRun(.ideographOrKana),
        deepSeekV3Words(then: .newline, lineBreaks: LineBreaks()),
      ]),
    Pretokenizer(
      names: ["spark2_5"],
      rules: [
        ClassRun(.classes(.number), count: 1...3), ClassRun(.ideographOrKana),
        deepSeekV3Words(then: nil, lineBreaks: ClassRun(.newline, count: 1...1)),
        ClassRun(.classes(.number), count: 1...1),
      ]),
    Pretokenizer(
      names: ["afmoe"],
      rules: [
        DigitGroups(digits: .classes(.number)), ClassRun(.unspaced),
        deepSeekV3Words(then: .newline, lineBreaks: LineBreaks()),
      ]),
  ]

  /// Ignoring case: `(?i:'s|'t|'re|'ve|'m|'ll|'d)`.
  private static let contraction = Contraction(ignoresCase: true)

  /// Letters and what stands before them: `[^\r\n\p{L}\p{N}]?\p{L}+`.
  private static let letters = ClassRun(.classes(.letter), after: .inLineNoneOf([.letter, .number]))

  /// Neither letters nor digits: ` ?[^\s\p{L}\p{N}]+[\r\n]*`.
  private static let others = ClassRun(.noneOf([.space, .letter, .number]), after: .blank, then: .newline)

  /// GPT-2's rule.
  ///
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  private static let gpt2Words = Alternation([
    Contraction(ignoresCase: false), ClassRun(.classes(.letter), after: .blank),
    ClassRun(.classes(.number), after: .blank), ClassRun(.noneOf([.space, .letter, .number]), after: .blank), Spaces(),
  ])

  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|`
  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, or with other words and other runs of other characters.
  private static func llama3Words(
    _ words: any MatchRule = letters, digits: Int, others: ClassRun = others
  ) -> Alternation {
    Alternation([contraction] + wordsAndSpaces(words, digits: digits, others: others))
  }

  /// The words, then `|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
  private static func casedWords(_ words: CasedWord, digits: Int) -> Alternation {
    let others = ClassRun(.noneOf([.space, .letter, .number]), after: .blank, then: .newlineOrSlash)
    return Alternation(wordsAndSpaces(words, digits: digits, others: others))
  }

  private static func wordsAndSpaces(
    _ words: any MatchRule, digits: Int, others: ClassRun
  ) -> [any MatchRule] {
    [words, ClassRun(.classes(.number), count: 1...digits), others, LineBreaks(), Spaces()]
  }

  /// `[!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+B*`, then line breaks and spaces.
  private static func deepSeekV3Words(then behind: CharacterSet?, lineBreaks: any MatchRule) -> Alternation {
    Alternation([
      ClassRun(.asciiLetter, after: .asciiPunctuation, needsBefore: true),
      ClassRun(.classes([.letter, .mark]), after: .inLineNoneOf([.letter, .punctuation, .symbol])),
      ClassRun(.classes([.punctuation, .symbol]), after: .blank, then: behind), lineBreaks, Spaces(),
    ])
  }
}
