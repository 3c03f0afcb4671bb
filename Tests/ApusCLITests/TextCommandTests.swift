internal import ApusJSON
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct `Text commands over the reference data` {
  @Test func `the reference data is there`() {
    #expect(!Reference.vocabularies.isEmpty && !Reference.tokenizerCases.isEmpty)
  }

  @Test(arguments: Reference.tokenizerCases)
  func `tokenize answers every line of a file of cases`(_ cases: URL) throws {
    let vocabulary = try #require(Reference.vocabulary(forCases: cases), "no vocabulary for \(cases.lastPathComponent)")
    let flags = cases.lastPathComponent.contains("parse_special") ? ["--parse-special"] : []
    let input = try Data(contentsOf: cases)
    let result = try Program.run(["tokenize", vocabulary.path, "--jsonl"] + flags, input: input)
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let expected = try input.split(separator: 0x0A).map { try JSONParser.parse([UInt8]($0))["ids"] }
    let found = try result.lines.map { try JSONParser.parse($0)["ids"] }
    #expect(found == expected)
  }

  @Test(arguments: Reference.tokenizerCases.filter { !$0.lastPathComponent.contains("parse_special") })
  func `detokenize gives the texts back`(_ cases: URL) throws {
    let vocabulary = try #require(Reference.vocabulary(forCases: cases), "no vocabulary for \(cases.lastPathComponent)")
    let input = try Data(contentsOf: cases)
    let result = try Program.run(["detokenize", vocabulary.path, "--jsonl"], input: input)
    let expected = try input.split(separator: 0x0A).map { line in
      let item = try JSONParser.parse([UInt8](line))
      return item["decoded"] ?? item["text"]
    }
    #expect(try result.lines.map { try JSONParser.parse($0)["text"] } == expected)
  }

  @Test func `template renders every reference conversation`() throws {
    guard let folder = TestData.folder?.appendingPathComponent("chat_templates") else { return }
    let index = try Reference.json(folder.appendingPathComponent("chat_templates.json"))
    let now = index["now"] ?? .null
    for template in index["templates"]?.elements ?? [] {
      let file = folder.appendingPathComponent(template["template_file"]?.text ?? "")
      let cases = template["cases"]?.elements ?? []
      let input = try cases.map { item -> String in
        guard case .object(var line)? = index.at("conversations", item["conversation"]?.text ?? "") else {
          throw CocoaError(.coderReadCorrupt)
        }
        for (key, value) in [
          ("add_generation_prompt", item["add_generation_prompt"]), ("bos_token", template["bos_token"]),
          ("eos_token", template["eos_token"]), ("now", now),
        ] { line[key] = value }
        return JSONValue.object(line).line
      }
      let result = try Program.run(["template", file.path, "--jsonl"], input: Data(input.joined().utf8))
      #expect(result.lines.count == cases.count)
      for (item, line) in zip(cases, result.lines) {
        let answer = try JSONParser.parse(line)
        let name = "\(file.lastPathComponent) \(item["conversation"]?.text ?? "")"
        if let output = item["output"] {
          #expect(answer["text"] == output, "\(name): \(line)")
        } else if item["error"] == "raise_exception" {
          #expect(answer["error"]?.text?.contains(item["message"]?.text ?? "?") == true, "\(name): \(line)")
        }
      }
    }
  }

  @Test(arguments: Reference.vocabularies)
  func `inspect shows files without tensors`(_ file: URL) throws {
    let text = try Program.run("inspect", file.path)
    #expect(text.code == 0 && text.text.contains("none: the file holds no tensors"), "\(text.errors)")
    let json = try JSONParser.parse(try Program.run("inspect", file.path, "--json").text)
    #expect(json["tensors"] == [] && json.at("metadata", "general.architecture")?.text != nil)
  }

  @Test(arguments: Reference.models)
  func `check and inspect accept every reference model`(_ file: URL) throws {
    let check = try Program.run("check", file.path)
    #expect(check.code == 0 && check.lines.count == 1 && check.errors.isEmpty, "\(check.errors)")
    let json = try JSONParser.parse(try Program.run("inspect", file.path, "--json").text)
    let bytes = json["formats"]?.elements.compactMap { $0["bytes"]?.number }.reduce(0, +)
    #expect(bytes == json["tensors"]?.elements.compactMap { $0["bytes"]?.number }.reduce(0, +))
    #expect(json["bytes"]?.number == Double(try Data(contentsOf: file).count))
  }
}

@Suite struct `Text commands` {
  private let model: TinyModelFile

  init() throws { model = try TinyModelFile() }

  @Test func `tokenize adds BOS unless told not to, and detokenize takes its output`() throws {
    let with = try Program.run("tokenize", model.path, "the end")
    let without = try Program.run("tokenize", model.path, "the end", "--no-bos")
    #expect(with.text == "1 " + without.text)
    #expect(try Program.run("detokenize", model.path, input: with.text).text == "the end\n")
    let ids = without.lines[0].split(separator: " ").map(String.init)
    #expect(try Program.run(["detokenize", model.path] + ids).text == "the end\n")
    #expect(try Program.run("detokenize", model.path, "--", "-1").code == 1)
    #expect(try Program.run("detokenize", model.path, "99999999999999999999").code == 64)
  }

  @Test func `tokenize shows pieces and JSON`() throws {
    let pieces = try Program.run("tokenize", model.path, "the", "--pieces").lines
    #expect(pieces.count == 2 && pieces[0].hasSuffix("\"<s>\"") && pieces[1].hasSuffix("\" the\""))
    let json = try JSONParser.parse(try Program.run("tokenize", model.path, "the", "--json").text)
    #expect(json["ids"]?.elements.count == 2)
  }

  @Test func `bad lines get errors in their places`() throws {
    let long = "{\"text\": \"" + String(repeating: "a", count: 9 << 20) + "\"}"
    let lines = [
      "{\"text\": \"the\"}", "", "nonsense", "[1]", "{}", "{\"text\": 5}", "{\"text\": \"the\", \"add_special\": 1}",
      long, "{\"text\": \"the\", \"add_special\": true}\r", String(repeating: "[", count: 100_000),
      "{\"text\": \"\\ud800\"}", "{\"text\": \"the\"}",
    ]
    let result = try Program.run(["tokenize", model.path, "--jsonl"], input: Data(lines.joined(separator: "\n").utf8))
    #expect(result.code == 0)
    let answers = try result.lines.map { try JSONParser.parse($0) }
    #expect(answers.count == lines.count)
    #expect(answers.indices.filter { answers[$0]["ids"] != nil } == [0, 8, 11])
    #expect(answers.allSatisfy { ($0["error"]?.text?.utf8.count ?? 1) > 0 })
    #expect(answers[8]["ids"]?.elements.first == 1)
  }

  @Test func `bytes that are not UTF-8 are an error of their line`() throws {
    let input = Data("{\"text\": \"".utf8) + Data([0xFF]) + Data("\"}\n{\"text\": \"the\"}\n".utf8)
    let answers = try Program.run(["tokenize", model.path, "--jsonl"], input: input).lines
    #expect(answers.count == 2 && answers[0].contains("error") && answers[1].contains("ids"))
  }

  @Test func `template renders files and standard input`() throws {
    let messages = #"[{"role": "user", "content": "é\u0000"}]"#
    #expect(try Program.run("template", model.path, input: messages).text == "user: é\0\n")
    let path = try model.folder.write(Array(messages.utf8), to: "messages.json")
    #expect(try Program.run("template", model.path, "--messages", path).text == "user: é\0\n")
    #expect(try Program.run("template", model.path, input: "{\"messages\": 5}").code == 1)
    #expect(try Program.run("template", model.path, input: "{}").code == 1)
    let jinja = try model.folder.write(
      Array("{{ tools|length }}{{ add_generation_prompt }}{{ x }}".utf8), to: "t.jinja")
    let tools = try model.folder.write(Array("[1, 2]".utf8), to: "tools.json")
    let arguments = ["template", jinja, "--tools", tools, "--no-generation-prompt"]
    #expect(try Program.run(arguments, input: Data("{\"messages\": [], \"x\": \"y\"}".utf8)).text == "2Falsey")
  }

  @Test func `a template that cannot be compiled or refuses is one sentence`() throws {
    for source in ["{% if %}", "{{ raise_exception('no') }}", "{% for i in range(10**9) %}x{% endfor %}"] {
      let jinja = try model.folder.write(Array(source.utf8), to: "t.jinja")
      let result = try Program.run("template", jinja, input: "[]")
      #expect(result.code == 1 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
  }
}
