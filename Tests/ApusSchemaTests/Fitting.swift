internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema

private let noTokens = TokenTrie(count: 0) { _ in nil }

/// A schema with the texts that it should allow and those that it should not.
struct Fitting {
  let schema: String
  let valid: [String]
  let invalid: [String]

  init(_ schema: String, _ valid: [String], not invalid: [String]) {
    (self.schema, self.valid, self.invalid) = (schema, valid, invalid)
  }

  /// What is wrong: texts that are refused or accepted and should not be.
  func mistakes(_ options: JSONSchemaOptions = JSONSchemaOptions()) throws -> [String] {
    let start = try matcher(schema, options)
    return valid.filter { !accepts($0, start) } + invalid.filter { accepts($0, start) }
  }
}

func matcher(_ schema: String, _ options: JSONSchemaOptions = JSONSchemaOptions()) throws -> GrammarMatcher {
  let grammar = try JSONSchema(try JSONParser.parse(schema), options: options).grammar
  return GrammarMatcher(try CompiledGrammar(grammar), noTokens)
}

func accepts(_ text: String, _ matcher: GrammarMatcher) -> Bool {
  var matcher = matcher
  return matcher.accept(bytes: Array(text.utf8)) && matcher.canEnd
}

/// Where and why a schema is refused; nil where it is not.
func refusal(_ schema: String) throws -> SchemaError? {
  let value = try JSONParser.parse(schema)
  do {
    _ = try JSONSchema(value)
    return nil
  } catch { return error }
}
