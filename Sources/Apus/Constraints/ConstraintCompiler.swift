internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTokenizers
internal import Synchronization

/// Makes of what people write a place in a grammar over one vocabulary's tokens.
///
/// The vocabulary's tree is made with the first constraint. What was compiled is kept, within a bound, for the next request
/// with the same constraint.
final class ConstraintCompiler: Sendable {
  private let tokenizer: Tokenizer
  private let trie = Mutex<TokenTrie?>(nil)
  private let compiled = ConstraintCache<CompiledGrammar, ApusError> { $0.byteCount }

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The beginning of a text that fits `constraint`, behind what the model may think first.
  ///
  /// Throws `ApusError.invalidRequest` where it cannot be read or kept, which takes well under a second to find.
  func compile(
    _ constraint: OutputConstraint, behind lead: ReasoningLead? = nil
  ) throws(ApusError) -> TokenConstraint {
    let grammar = try compiled.value(for: constraint.key) { () throws(ApusError) in
      let source = try constraint.grammar()
      do throws(GrammarError) { return try CompiledGrammar(source) } catch {
        throw constraint.refusal(error.description)
      }
    }
    return TokenConstraint(GrammarMatcher(grammar, madeTrie), tokenizer, behind: lead)
  }

  private var madeTrie: TokenTrie {
    trie.withLock { trie in
      if let trie { return trie }
      let made = tokenizer.trie
      trie = made
      return made
    }
  }
}

extension OutputConstraint {
  /// The error that it cannot be kept.
  fileprivate func refusal(_ reason: String) -> ApusError { .invalidRequest(field: field, reason: reason) }

  /// The name that APIs give it.
  private var field: String {
    switch self {
    case .jsonSchema: "json_schema"
    case .regularExpression: "regex"
    case .grammar, .lark: "grammar"
    case .choices: "choices"
    }
  }

  fileprivate func grammar() throws(ApusError) -> Grammar {
    switch form {
    case .schema(let schema): return try grammar(ofSchema: schema)
    case .text(let text):
      do throws(GrammarError) { return try text.grammar } catch { throw refusal(error.description) }
    }
  }

  private enum Form {
    case schema(String)
    case text(GrammarText)
  }

  private var form: Form {
    switch self {
    case .jsonSchema(let schema): .schema(schema)
    case .regularExpression(let pattern): .text(.pattern(pattern))
    case .grammar(let grammar): .text(.gbnf(grammar))
    case .lark(let grammar): .text(.lark(grammar))
    case .choices(let texts): .text(.choices(texts))
    }
  }

  /// What tells it from others in a cache.
  fileprivate var key: ConstraintCache<CompiledGrammar, ApusError>.Key {
    switch form {
    case .schema(let schema): return .init(kind: "schema", bytes: Array(schema.utf8))
    case .text(let text):
      let (kind, bytes) = text.identity
      return .init(kind: kind, bytes: bytes)
    }
  }

  /// Properties in the order of the schema, as more of a text can then be written without choosing; integers as all
  /// programs read them.
  private static let schemaOptions = JSONSchemaOptions(propertyOrder: .asDeclared, integersMayHavePoint: false)

  private func grammar(ofSchema text: String) throws(ApusError) -> Grammar {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(text) } catch {
      throw refusal("the schema is not JSON: \(error.description)")
    }
    do throws(SchemaError) { return try JSONSchema(value, options: Self.schemaOptions).grammar } catch {
      throw refusal("the schema cannot be kept at \(error.place): \(error.reason)")
    }
  }
}

extension Tokenizer {
  /// The bytes of all tokens that can be text.
  fileprivate var trie: TokenTrie {
    TokenTrie(count: vocabulary.count) { token in
      vocabulary.isMark(token) || vocabulary.endOfGeneration.contains(token) ? nil : piece(of: token)
    }
  }
}
