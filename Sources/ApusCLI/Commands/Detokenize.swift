internal import ApusCore
internal import ApusJSON
internal import ApusTokenizers
internal import ArgumentParser

/// `apus detokenize`: token ids to text.
struct Detokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the text of tokens.",
    discussion: """
      Needs only the vocabulary of the model file:

        apus detokenize model.gguf 15043 29892 3186

      With --jsonl it reads one JSON object a line, {"ids": […]}, and answers each with {"text": "…"}, or with \
      {"error": "…"}.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(parsing: .allUnrecognized, help: "Token ids; from standard input where there are none.")
  var ids: [String] = []
  @Flag(help: "Show control tokens, as their names.") var special = false
  @Flag(help: "Read JSON objects from standard input, one a line.") var jsonl = false

  func validate() throws {
    if jsonl, !ids.isEmpty { throw ValidationError("--jsonl reads its ids from standard input: leave the ids out") }
  }

  func run() throws {
    let tokenizer = try model.tokenizer()
    if jsonl { return try JSONLines().answer { try answer($0, tokenizer) } }
    // `--` ends the options; ids below 0 look like options, so that the parser leaves both here.
    let words = ids.isEmpty ? try wordsOfInput() : ids.filter { $0 != "--" }
    let tokens = try words.map { word throws(Failure) in
      guard let id = Int(word) else {
        throw Failure("'\(word.prefix(40))' is not a token id: give whole numbers", code: Failure.usage)
      }
      return try token(id, tokenizer)
    }
    let output = Output()
    try output.write(tokenizer.decode(tokens, renderSpecial: special))
    try output.writeLine()
    try output.flush()
  }

  /// Ids between spaces, commas, brackets and line ends, so that the output of `tokenize` can be given.
  private func wordsOfInput() throws -> [String] {
    let separators = Set(" \t\r\n,[]".utf8)
    return try Input().readAll().split(whereSeparator: separators.contains).map { String(decoding: $0, as: UTF8.self) }
  }

  private func answer(_ object: JSONValue, _ tokenizer: Tokenizer) throws -> JSONValue {
    guard case .array(let elements)? = object["ids"] else { throw Failure("the field ids must be an array of numbers") }
    let tokens = try elements.map { element throws(Failure) in
      guard case .int(let id) = element else { throw Failure("the field ids must hold whole numbers") }
      return try token(id, tokenizer)
    }
    let bytes = tokenizer.decode(tokens, renderSpecial: special)
    return ["text": .string(String(decoding: bytes, as: UTF8.self))]
  }

  private func token(_ id: Int, _ tokenizer: Tokenizer) throws(Failure) -> Token {
    let count = tokenizer.vocabulary.count
    guard id >= 0, id < count, let token = Token(exactly: id) else {
      throw Failure("token \(id) does not exist: this model's tokens are 0 to \(count - 1)")
    }
    return token
  }
}
