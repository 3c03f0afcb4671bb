internal import Apus
internal import ArgumentParser

/// What an answer's text must be.
struct ConstraintArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("A file with a JSON schema that describes the answer, which is JSON.", valueName: "path"),
    completion: .file(extensions: ["json"]))
  var schema: String?

  @Option(
    help: ArgumentHelp(
      "A file with a grammar that the answer follows: Lark's form where its name ends in .lark, else GBNF.",
      valueName: "path"),
    completion: .file(extensions: ["gbnf", "lark"]))
  var grammar: String?

  @Option(help: ArgumentHelp("A regular expression that the whole answer matches.", valueName: "pattern"))
  var regex: String?

  @Option(
    help: ArgumentHelp("Texts of which the answer is one, separated by commas.", valueName: "text,…"),
    transform: { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) })
  var choices: [String]?

  func validate() throws {
    let given = [schema, grammar, regex, choices?.first].count { $0 != nil }
    guard given <= 1 else {
      throw ValidationError("--schema, --grammar, --regex and --choices exclude each other: give one")
    }
  }

  /// What was given; nil allows all texts.
  var constraint: OutputConstraint? {
    get throws {
      if let regex { return .regularExpression(regex) }
      if let choices { return .choices(choices) }
      guard let path = schema ?? grammar else { return nil }
      let text = String(decoding: try readFile(path), as: UTF8.self)
      guard let grammar else { return .jsonSchema(text) }
      return grammar.hasSuffix(".lark") ? .lark(text) : .grammar(text)
    }
  }
}
