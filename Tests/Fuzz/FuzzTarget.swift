internal import ApusCore
internal import ApusGGUF
internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTemplates

/// What reads an input that a stranger could have sent.
///
/// Errors are fine. A trap, a hang, memory without bound, and a promise that is not kept are not: `require` says which.
enum FuzzTarget: String, CaseIterable {
  case json, schema, regex, gbnf, lark, jinja, gguf, calls

  func read(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    switch self {
    case .json: readJSON(bytes)
    case .schema:
      let options = JSONSchemaOptions(propertyOrder: .asDeclared, integersMayHavePoint: false)
      walk(seed: bytes) { try JSONSchema(text: text, options: options).grammar }
    case .regex: walk(seed: bytes) { try GrammarText.pattern(text).grammar }
    case .gbnf: walk(seed: bytes) { try GrammarText.gbnf(text).grammar }
    case .lark: walk(seed: bytes) { try GrammarText.lark(text).grammar }
    case .jinja: render(text)
    case .gguf: _ = try? GGUFFile(MappedFile(bytes: bytes, path: "input"))
    case .calls: TurnInput(bytes)?.read()
    }
  }
}

/// Stops where a promise is not kept; libFuzzer then keeps the input.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) {
  precondition(condition, promise())
}

/// What was written of a value reads as the same value.
private func readJSON(_ bytes: [UInt8]) {
  guard let value = try? JSONParser.parse(bytes) else { return }
  let written = value.serialized(.compact)
  require((try? JSONParser.parse(written)) == value, "\(value) reads as another value than it was written from")
}

/// Whatever a grammar allows can go on or end, and bytes that must follow may follow.
private func walk(seed: [UInt8], _ make: () throws -> Grammar) {
  guard let grammar = try? make(), let compiled = try? CompiledGrammar(grammar) else { return }
  var matcher = GrammarMatcher(compiled, TokenTrie(count: 0) { _ in nil })
  for step in 0..<48 {
    let forced = matcher.forcedBytes(atMost: 16)
    if !forced.isEmpty {
      require(matcher.accept(bytes: forced), "\(forced) must follow and may not")
      continue
    }
    // Another beginning at each step, so that inputs choose their texts.
    let first = (seed.isEmpty ? 0 : seed[step % seed.count]) &+ UInt8(truncatingIfNeeded: step)
    let next = (0...UInt8.max).first { matcher.accept(bytes: [first &+ $0]) }
    if next == nil { return require(matcher.canEnd, "a text can neither go on nor end") }
    require(!matcher.isComplete || matcher.canEnd, "a complete text cannot end")
  }
}

/// A template with a short conversation, as far as its own bounds let it.
private func render(_ source: String) {
  guard let template = try? ChatTemplate(source: source) else { return }
  let messages: JSONValue = [
    ["role": "system", "content": "Be short."], ["role": "user", "content": "Why?"],
    ["role": "assistant", "content": .null, "tool_calls": [["function": ["name": "f", "arguments": ["a": 1]]]]],
  ]
  let variables: [(String, JSONValue)] = [
    ("messages", messages), ("tools", [["function": ["name": "f"]]]), ("add_generation_prompt", true),
    ("bos_token", "<s>"), ("eos_token", "</s>"),
  ]
  _ = try? template.render(variables, steps: 20_000)
}
