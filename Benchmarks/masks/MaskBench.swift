// Walks schemas with instances, as MaskBench does, and prints its table: how long schemas take to compile and masks to be
// made, how many schemas are kept, and which instances are accepted.
//
//   MaskBench SCHEMAS.jsonl VOCABULARY.gguf [--only NAME] [--failing] [--bytes] [--json]
//   MaskBench --hostile VOCABULARY.gguf [--only PART]
//
// --failing prints each schema that does not pass, --bytes goes byte by byte and makes no masks: quick. --json prints the
// vocabulary and what was done and measured as lines of JSON, with which `compare.py` does the same with another engine.
// --hostile compiles what was made to take long or much, and fails where something exceeds 200 ms or 64 MB.

internal import ApusCore
internal import ApusGGUF
internal import ApusGrammar
internal import ApusJSON
internal import ApusModels
internal import ApusTokenizers
internal import Foundation

@main struct MaskBench {
  static func main() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    let tokenizer = try Tokenizer(try Vocabulary(try GGUFFile.open(path: options.vocabulary).metadata))
    if options.encodes { return JSONLines.encode(with: tokenizer) }
    let vocabulary = tokenizer.vocabulary
    let trie = TokenTrie(count: vocabulary.count) { token in
      vocabulary.kind(of: token) == .control ? nil : tokenizer.piece(of: token)
    }
    if options.isHostile { exit(Hostile(trie: trie, vocabularySize: vocabulary.count).run(only: options.only) ? 0 : 1) }
    if options.isJSON { print(JSONLines.vocabulary(tokenizer)) }
    var table = Table()
    let walk = Walk(tokenizer: tokenizer, trie: trie, byBytes: options.byBytes)
    for line in try Data(contentsOf: URL(fileURLWithPath: options.schemas)).split(separator: 0x0A) {
      let entry = try Entry(try JSONParser.parse(Array(line)))
      guard options.only.map({ entry.name.contains($0) }) ?? true else { continue }
      let outcome = walk.run(entry)
      if options.isJSON {
        print(JSONLines.line(of: outcome, entry, tokenizer))
        continue
      }
      table.add(outcome)
      if options.only != nil || (options.listsFailing && !outcome.passes) { print(outcome.line) }
    }
    if !options.isJSON { print(table.text) }
  }
}

/// What was asked for.
struct Options {
  var schemas = ""
  var vocabulary = ""
  var only: String?
  var listsFailing = false
  var byBytes = false
  var isJSON = false
  var isHostile = false
  /// Whether texts are read and their tokens written, nothing else.
  var encodes = false

  struct Usage: Error, CustomStringConvertible {
    let description = "MaskBench SCHEMAS.jsonl VOCABULARY.gguf [--only NAME] [--failing] [--bytes] [--json]"
  }

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    var paths: [String] = []
    while let argument = rest.popFirst() {
      switch argument {
      case "--only": only = rest.popFirst()
      case "--failing": listsFailing = true
      case "--bytes": byBytes = true
      case "--json": isJSON = true
      case "--encode": encodes = true
      case "--hostile": isHostile = true
      default: paths.append(argument)
      }
    }
    if encodes || isHostile { paths.insert("", at: 0) }
    guard paths.count == 2 else { throw Usage() }
    (schemas, vocabulary) = (paths[0], paths[1])
  }
}
