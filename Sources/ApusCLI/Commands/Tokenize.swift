internal import ApusCore
internal import ApusJSON
internal import ApusTokenizers
internal import ArgumentParser

/// `apus tokenize`: text to token ids.
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the tokens of a text.",
    discussion: """
      Needs only the vocabulary of the model file:

        apus tokenize model.gguf "Hello, world" --pieces

      With --jsonl it reads one JSON object a line, {"text": "…"}, and answers each with {"ids": […]}, or with \
      {"error": "…"}. There nothing is added to the text unless the object says "add_special": true; \
      "parse_special": true is as --parse-special.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(help: "The text; standard input where there is none, read as run reads a prompt.") var text: String?
  @Flag(help: "Leave out the tokens that the model wants around a text (BOS, EOS).") var noBos = false
  @Flag(help: "Take the names of control tokens in the text for those tokens.") var parseSpecial = false
  @Flag(help: "Show one token a line: its id and its text.") var pieces = false
  @Flag(help: "Answer in JSON.") var json = false
  @Flag(help: "Read JSON objects from standard input, one a line.") var jsonl = false

  func validate() throws {
    if jsonl, text != nil || pieces || json {
      throw ValidationError("--jsonl reads its texts from standard input: leave out the text, --pieces and --json")
    }
    if pieces, json { throw ValidationError("--pieces and --json exclude each other: leave one out") }
  }

  func run() throws {
    let tokenizer = try model.tokenizer()
    if jsonl { return try JSONLines().answer { try answer($0, tokenizer) } }
    let bytes = try text.map { Array($0.utf8) } ?? StoredText.prompt(Input().readAll())
    let ids = tokenizer.encode(bytes, addSpecial: !noBos, parseSpecial: parseSpecial)
    let output = Output()
    if json {
      try output.write((["ids": .array(ids.map { .int(Int($0)) })] as JSONValue).serialized(.compact))
      try output.writeLine()
    } else if pieces {
      try writePieces(ids, tokenizer, output)
    } else {
      try output.writeLine(ids.map(String.init).joined(separator: " "))
    }
    try output.flush()
  }

  private func answer(_ object: JSONValue, _ tokenizer: Tokenizer) throws -> JSONValue {
    let ids = tokenizer.encode(
      try object.requireText("text"), addSpecial: try object.bool("add_special") ?? false,
      parseSpecial: try object.bool("parse_special") ?? parseSpecial)
    return ["ids": .array(ids.map { .int(Int($0)) })]
  }

  private func writePieces(_ ids: [Token], _ tokenizer: Tokenizer, _ output: Output) throws {
    var table = Table([.right])
    for id in ids {
      table.add("\(id)", quoted(tokenizer.piece(of: id, renderSpecial: true)))
    }
    for line in table.lines(indent: "") { try output.writeLine(line) }
  }
}

/// The bytes of a token in quotes; controls and bytes that are not UTF-8 as escapes.
private func quoted(_ bytes: [UInt8]) -> String {
  guard let text = String(validating: bytes, as: UTF8.self) else {
    return "\"" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
  }
  return "\"" + text.unicodeScalars.map { $0.value < 0x20 ? $0.escaped(asASCII: true) : String($0) }.joined() + "\""
}
