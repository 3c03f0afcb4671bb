internal import ApusJSON
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// A greedy continuation of the reference data.
struct GreedyCase: Sendable, CustomTestStringConvertible {
  let model: URL
  let prompt: String
  let text: String
  let tokens: Int

  /// The text as a program shows it: without the space that the tokenizer puts before the first word of all.
  var shownText: String { prompt.isEmpty && text.utf8.first == 0x20 ? String(text.dropFirst()) : text }

  var testDescription: String { "\(model.lastPathComponent) after \(prompt.debugDescription)" }

  /// Those of models that are there in floats, whose choices are all clear.
  static let all: [GreedyCase] = Reference.logits.flatMap { url -> [GreedyCase] in
    guard let json = try? Reference.json(url), let name = json["model"]?.text,
      let model = Reference.models.first(where: { $0.lastPathComponent == name }), name.contains("f32")
    else { return [] }
    return (json["cases"]?.elements ?? []).compactMap { item in
      let gaps = (item["greedy_top1_minus_top2"]?.elements ?? []).compactMap(\.number)
      guard let prompt = item["prompt"]?.text, let text = item["greedy_text"]?.text, let least = gaps.min(),
        least > 0.01
      else { return nil }
      return GreedyCase(model: model, prompt: prompt, text: text, tokens: gaps.count)
    }
  }
}

@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct `Run over the reference data` {
  @Test func `the reference data is there`() { #expect(!GreedyCase.all.isEmpty) }

  @Test(arguments: GreedyCase.all, [["--threads", "1"], ["--blas"], ["--no-mmap", "--kernels", "reference"]])
  func `greedy text is that of the reference`(_ item: GreedyCase, _ options: [String]) throws {
    let arguments = ["run", item.model.path, "--raw", "--temperature", "0", "-n", "\(item.tokens)"]
    let result = try Program.run(arguments + options + ["--", item.prompt])
    let note = "Note: the answer was cut at \(item.tokens) tokens: --max-tokens allows no more.\n"
    #expect(result.code == 0 && result.errors == note, "\(result.errors)")
    #expect(result.text == item.shownText + "\n")
  }

  @Test(arguments: GreedyCase.all)
  func `one JSON object tells text, usage and timings`(_ item: GreedyCase) throws {
    let arguments = ["run", item.model.path, "--raw", "--temperature", "0", "-n", "\(item.tokens)", "--json"]
    let json = try JSONParser.parse(try Program.run(arguments + ["--", item.prompt]).text)
    #expect(json["text"]?.text == item.shownText)
    #expect(json["finish_reason"] == "length")
    #expect(json.at("usage", "completion_tokens")?.number == Double(item.tokens))
    #expect((json.at("timings", "generation_tokens_per_second")?.number ?? 0) > 0)
    #expect(json["seed"]?.text != nil)
  }
}

@Suite struct Running {
  private let model: TinyModelFile

  init() throws { model = try TinyModelFile() }

  @Test func `the same seed gives the same text from prompt, file and standard input`() throws {
    let options = ["run", model.path, "--raw", "--seed", "7", "-n", "12", "--ignore-eos"]
    let text = try Program.run(options + ["--", "the end"])
    #expect(text.code == 0 && text.output.count > 1, "\(text.errors)")
    let file = try model.folder.write(Array("the end".utf8), to: "prompt.txt")
    #expect(try Program.run(options + ["--file", file]).output == text.output)
    #expect(try Program.run(options, input: Data("the end".utf8)).output == text.output)
    #expect(try Program.run(options + ["-"], input: Data("the end".utf8)).output == text.output)
    #expect(try Program.run(options + ["--threads", "1", "--no-mmap", "--", "the end"]).output == text.output)
  }

  @Test func `every sampling option is taken`() throws {
    let options = [
      "--temperature", "0.7", "--top-k", "20", "--top-p", "0.9", "--min-p", "0.01", "--typical", "0.9",
      "--top-n-sigma", "-1", "--xtc-probability", "0.1", "--xtc-threshold", "0.2", "--dynatemp-range", "0.1",
      "--dynatemp-exponent", "1.1", "--repeat-penalty", "1.1", "--repeat-last-n", "-1", "--presence-penalty", "-0.1",
      "--frequency-penalty", "0.1", "--dry-multiplier", "0.8", "--dry-base", "1.5", "--dry-allowed-length", "3",
      "--dry-penalty-last-n", "64", "--dry-sequence-breaker", "\n", "--logit-bias", "5=-2.5", "--logit-bias", "6=-inf",
      "--samplers", "penalties;dry;top_k;top_p;temperature", "--stop", "zzz", "--min-keep", "1", "--max-tokens", "4",
      "--kv", "q8_0", "--context", "64", "--ignore-eos",
    ]
    let result = try Program.run(["run", model.path, "--raw"] + options + ["--", "the"])
    // Heads of this tiny model are too small for q8_0; all else is as it should be.
    #expect(result.code == 0 || result.errors.contains("q8_0"), "\(result.errors)")
    let mirostat = ["--mirostat", "2", "--mirostat-tau", "4", "--mirostat-eta", "0.2", "-n", "3"]
    #expect(try Program.run(["run", model.path, "--raw"] + mirostat + ["--", "the"]).code == 0)
  }

  @Test func `speed is shown where asked for`() throws {
    let quiet = try Program.run("run", model.path, "-n", "4", "--raw", "--ignore-eos", "the")
    #expect(quiet.errors == "Note: the answer was cut at 4 tokens: --max-tokens allows no more.\n")
    let json = try Program.run("run", model.path, "-n", "4", "--raw", "--ignore-eos", "--json", "the")
    #expect(json.errors.isEmpty)
    let loud = try Program.run("run", model.path, "-n", "4", "--raw", "--stats", "the")
    #expect(loud.errors.contains("tokens/s") && loud.errors.split(separator: "\n").count == 1)
    #expect(!loud.errors.contains("\u{1B}"))
  }

  @Test func `an empty standard input or file is no prompt`() throws {
    #expect(try Program.run("run", model.path).code == 64)
    for text in ["", "\n", "\u{FEFF}"] {
      let file = try model.folder.write(Array(text.utf8), to: "empty.txt")
      let result = try Program.run("run", model.path, "--file", file)
      #expect(result.code == 64 && result.errors.contains("empty"), "\(result.errors)")
    }
  }

  @Test func `a prompt that does not fit is refused`() throws {
    let long = String(repeating: "the ", count: 5000)
    let result = try Program.run(["run", model.path, "--context", "32"], input: Data(long.utf8))
    #expect(result.code == 1 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test func `a context that memory cannot hold is refused`() throws {
    let result = try Program.run("run", model.path, "--context", "2147483647", "the")
    #expect(result.code != 0 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    let fit = try Program.run("fit", model.path, "--slots", "1000000000", "--context", "2147483647", "--json")
    #expect(fit.code == 1)
    #expect(try Program.run("fit", model.path).code == 0)
  }

  @Test func `check finds what is wrong`() throws {
    #expect(try Program.run("check", model.path).code == 0)
    let whole = try Data(contentsOf: URL(fileURLWithPath: model.path))
    for length in [0, 3, 24, 1000, whole.count / 2, whole.count - 1] {
      try expectBad([UInt8](whole.prefix(length)))
    }
    try expectBad([UInt8](whole.dropLast(4)) + [0, 0, 0xC0, 0x7F])
    var tiny = TinyModel()
    tiny.chatTemplate = "{% for %}"
    try tiny.write(to: model.folder.path("template.gguf"))
    #expect(try Program.run("check", model.folder.path("template.gguf")).code == 1)
  }

  private func expectBad(_ bytes: [UInt8]) throws {
    let path = try model.folder.write(bytes, to: "bad.gguf")
    for arguments in [["check", path], ["run", path, "--raw", "the"]] {
      let result = try Program.run(arguments)
      #expect(result.code == 1 && result.errors.split(separator: "\n").count == 1, "\(bytes.count): \(result.errors)")
      #expect(result.errors.utf8.count < 600)
    }
  }
}
