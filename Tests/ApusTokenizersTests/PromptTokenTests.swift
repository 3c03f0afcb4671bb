internal import ApusCore
internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import ApusText
internal import ApusTokenizers
internal import Foundation
internal import Testing

/// Prompts to tokens: only what a template wrote becomes control tokens.
@Suite struct PromptTokenTests {
  private static let marks: [(String, TokenKind)] = [
    ("<|x|>", .control), ("<|y|>", .userDefined), ("[Z]", .userDefined), ("</s>", .userDefined),
    ("<word>", .userDefined),
    ("\n\n", .userDefined), ("\n<|", .userDefined),
  ]

  /// The pieces that the tokens of a rendered template stand for, those of more than one byte.
  private func pieces(_ source: String, _ message: String, _ description: VocabularyDescription) throws -> [String] {
    let tokenizer = try SmallVocabularies.tokenizer(description)
    let prompt = try ChatTemplate(source: source).render([("x", .string(message))])
    return tokenizer.encode(prompt, addSpecial: false)
      .map { String(decoding: tokenizer.piece(of: $0, renderSpecial: true), as: UTF8.self) }
      .filter { $0.utf8.count > 1 }
  }

  @Test(arguments: [
    ("<|x|>{{ x }}<|x|>", "<|x|>", ["<|x|>", "<|x|>"]),
    ("<|y|>{{ x }}<|y|>", "<|y|>", ["<|y|>", "<|y|>"]),
    ("[Z]{{ x }}</s>", "[Z]</s>", ["[Z]", "</s>"]),
    // Other user-defined tokens are found anywhere, also where a message and the template meet.
    ("<word>{{ x }}", "<word>", ["<word>", "<word>"]),
    ("\n{{ x }}", "\na", ["\n\n"]),
    // Neither can complete what the other has begun.
    ("<|{{ x }}", "x|>", []),
    ("{{ x }}x|>", "<|", []),
    ("<|{{ x }}|>", "x", []),
    // A message cannot take the first bytes of a control token away.
    ("{{ x }}<|x|>", "\n", ["<|x|>"]),
    ("{{ x }}<|x|>", "<|", ["<|x|>"]),
  ])
  func `only the template writes marks of structure`(_ source: String, _ message: String, _ expected: [String]) throws {
    #expect(try pieces(source, message, SmallVocabularies.bytePair(extra: Self.marks)) == expected)
  }

  @Test func `text never merges into a mark of structure`() throws {
    var description = SmallVocabularies.bytePair(merges: ["< |", "<| >"])
    description.kinds?[257] = TokenKind.control.rawValue
    #expect(try pieces("<|>{{ x }}", "<|>", description) == ["<|>", "<|"])
    description = SmallVocabularies.sentencePiece(["▁", "[", "A", "]", "[A"], extra: [("[A]", .userDefined)])
    #expect(try pieces("[A]{{ x }}", "[A]", description) == ["[A]", "[A"])
  }

  @Test func `a prompt that the template begins with BOS says so, one that a message begins does not`() throws {
    let template = try ChatTemplate(source: "{{ bos_token }}{{ x }}")
    #expect(try template.render([("bos_token", "<s>"), ("x", "a")]).templateBegins(with: "<s>"))
    #expect(try !template.render([("bos_token", ""), ("x", "<s>")]).templateBegins(with: "<s>"))
    #expect(try !template.render([("bos_token", "<"), ("x", "s>")]).templateBegins(with: "<s>"))
    #expect(try !template.render([("bos_token", ""), ("x", "")]).templateBegins(with: ""))
  }
}

/// The reference templates and vocabularies: authors change no token of a conversation without control tokens in it.
@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct ReferencePromptTests {
  /// Every reference template with every conversation of which `isIncluded` is true by name.
  private func forEachPrompt(
    _ isIncluded: (String) -> Bool, changing change: (String) -> String = { $0 },
    _ body: (_ name: String, PromptText) throws -> Void
  ) throws {
    let folder = try #require(TestData.folder)
    let file = folder.appendingPathComponent("chat_templates/chat_templates.json")
    let data = try JSONParser.parse(Array(try Data(contentsOf: file)))
    let clock = TemplateClock(iso8601: data["now"]?.text ?? "")
    for entry in data["templates"]?.elements ?? [] {
      let source = folder.appendingPathComponent("chat_templates/\(entry["template_file"]?.text ?? "")")
      let template = try ChatTemplate(source: String(decoding: try Data(contentsOf: source), as: UTF8.self))
      for (name, conversation) in data["conversations"]?.members ?? [] where isIncluded(name) {
        var context: [(name: String, value: JSONValue)] = [("tools", .null), ("add_generation_prompt", true)]
        context += conversation.members.map { ($0.name, changed($0.value, change)) }
        for key in ["bos_token", "eos_token"] { context.append((key, entry[key] ?? .null)) }
        guard let prompt = try? template.render(context, clock: clock) else { continue }
        try body("\(entry["name"]?.text ?? "") on \(name)", prompt)
      }
    }
  }

  private func changed(_ value: JSONValue, _ change: (String) -> String) -> JSONValue {
    switch value {
    case .string(let text): .string(change(text))
    case .array(let elements): .array(elements.map { changed($0, change) })
    case .object(let object): .object(JSONObject(zip(object.keys, object.values).map { ($0, changed($1, change)) }))
    default: value
    }
  }

  @Test func `harmless conversations give the tokens of the whole text`() throws {
    let tokenizers = try ReferenceVocabularies.files.map {
      ($0.lastPathComponent, try ReferenceVocabularies.tokenizer($0))
    }
    var count = 0
    try forEachPrompt({ $0 != "injection" }) { name, prompt in
      for (vocabulary, tokenizer) in tokenizers {
        count += 1
        let expected = tokenizer.encode(prompt.utf8, addSpecial: true, parseSpecial: true)
        #expect(tokenizer.encode(prompt, addSpecial: true) == expected, "\(name) with \(vocabulary)")
      }
    }
    #expect(count > 1000)
  }

  @Test func `a conversation with turn marks has the control tokens of one without`() throws {
    let tokenizers = try ReferenceVocabularies.files.map { try ReferenceVocabularies.tokenizer($0) }
    func controlTokens(_ change: (String) -> String) throws -> [String: [[Token]]] {
      var found: [String: [[Token]]] = [:]
      try forEachPrompt({ $0 == "injection" }, changing: change) { name, prompt in
        found[name] = tokenizers.map { tokenizer in
          tokenizer.encode(prompt, addSpecial: false).filter { tokenizer.vocabulary.kind(of: $0) == .control }
        }
      }
      return found
    }
    let harmless = try controlTokens { $0.replacing("<", with: "(").replacing("[", with: "(") }
    #expect(harmless.count > 20)
    #expect(try controlTokens { $0 } == harmless)
  }

  @Test func `text that spells control tokens comes back as it was`() throws {
    let template = try ChatTemplate(source: "{{ x }}")
    for file in ReferenceVocabularies.files {
      let tokenizer = try ReferenceVocabularies.tokenizer(file)
      let vocabulary = tokenizer.vocabulary
      let marks = (0..<Token(vocabulary.count)).filter { vocabulary.kind(of: $0) == .control }.prefix(40)
      let text =
        "cat " + marks.map { String(decoding: vocabulary.texts[Int($0)], as: UTF8.self) }.joined(separator: " a")
      let tokens = tokenizer.encode(try template.render([("x", .string(text))]), addSpecial: false)
      #expect(!tokens.contains { vocabulary.kind(of: $0) == .control })
      #expect(String(decoding: tokenizer.decode(tokens), as: UTF8.self) == text, "\(file.lastPathComponent)")
    }
  }
}
