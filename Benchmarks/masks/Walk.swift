internal import ApusCore
internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTokenizers

/// A schema with values that fit it and values that do not.
struct Entry {
  let name: String
  let schema: JSONValue
  let tests: [(isValid: Bool, value: JSONValue)]

  struct Malformed: Error {}

  init(_ line: JSONValue) throws {
    guard case .string(let name)? = line["name"], let schema = line["schema"], case .array(let tests)? = line["tests"]
    else { throw Malformed() }
    self.name = name
    self.schema = schema
    self.tests = try tests.map { test in
      guard case .bool(let isValid)? = test["valid"], let value = test["data"] else { throw Malformed() }
      return (isValid, value)
    }
  }
}

/// What became of a schema.
struct Outcome {
  let name: String
  /// Why it was refused; nil where it was not.
  var refusal: String?
  /// From the schema's text to a grammar, and with that from the grammar to a machine.
  var reading = Duration.zero
  var compile = Duration.zero
  var masks: [Duration] = []
  var instances = (valid: 0, invalid: 0)
  /// Which valid instances were refused, and at which byte.
  var refused: [(instance: Int, byte: Int)] = []
  /// Which invalid instances were accepted.
  var accepted: [Int] = []

  var passes: Bool { refusal == nil && refused.isEmpty && accepted.isEmpty }

  var line: String {
    let masks = masks.isEmpty ? "" : ", slowest mask \(microseconds(masks.max() ?? .zero)) µs"
    let verdict =
      if let refusal { "refused: \(refusal)" } else if passes { "passes" } else {
        "valid refused: \(refused.map { "\($0.instance) at byte \($0.byte)" }), invalid accepted: \(accepted)"
      }
    return "\(name): \(verdict) (\(microseconds(reading)) of \(microseconds(compile)) µs to compile\(masks))"
  }
}

func microseconds(_ duration: Duration) -> Int {
  Int(duration.components.seconds) * 1_000_000 + Int(duration.components.attoseconds / 1_000_000_000_000)
}

/// Compiles schemas and goes through their instances.
struct Walk {
  let tokenizer: Tokenizer
  let trie: TokenTrie
  let byBytes: Bool

  func run(_ entry: Entry) -> Outcome {
    var outcome = Outcome(name: entry.name)
    let clock = ContinuousClock()
    var grammar: CompiledGrammar?
    let text = entry.schema.serialized(.compact)
    let start = clock.now
    outcome.compile = clock.measure {
      do {
        let read = try JSONSchema(try JSONParser.parse(text)).grammar
        outcome.reading = clock.now - start
        grammar = try CompiledGrammar(read)
      } catch { outcome.refusal = "\(error)" }
    }
    guard let grammar else { return outcome }
    for (number, test) in entry.tests.enumerated() {
      if test.isValid { outcome.instances.valid += 1 } else { outcome.instances.invalid += 1 }
      let failure = walk(test.value.serialized(.compact), GrammarMatcher(grammar, trie), &outcome.masks)
      if test.isValid, let failure { outcome.refused.append((number, failure)) }
      if !test.isValid, failure == nil { outcome.accepted.append(number) }
    }
    return outcome
  }

  /// The byte at which a text is refused; nil where it is accepted.
  private func walk(_ text: [UInt8], _ matcher: GrammarMatcher, _ masks: inout [Duration]) -> Int? {
    var matcher = matcher
    if byBytes {
      for (position, byte) in text.enumerated() where !matcher.accept(bytes: [byte]) { return position }
      return matcher.canEnd ? nil : text.count
    }
    let clock = ContinuousClock()
    var mask = TokenMask(vocabularySize: tokenizer.vocabulary.count, allowingAll: false)
    var position = 0
    for token in tokenizer.encode(text, addSpecial: false, parseSpecial: false) {
      masks.append(clock.measure { matcher.fill(&mask) })
      let isAllowed = mask[token]
      guard matcher.accept(token) == isAllowed else { return -1 }
      if !isAllowed { return position }
      position += tokenizer.piece(of: token).count
    }
    return matcher.canEnd ? nil : position
  }
}
