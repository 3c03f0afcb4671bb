internal import ApusChat
internal import ApusGrammar
internal import ApusSchema
internal import ApusTokenizers
internal import Synchronization

/// Makes of what people write a place in a grammar over one vocabulary's tokens.
///
/// The vocabulary's tree is made with the first constraint. What was compiled is kept, within a bound, for the next request
/// with the same constraint.
final class ConstraintCompiler: Sendable {
  private let tokenizer: Tokenizer
  private let marks: TurnMarks
  private let trie = Mutex<TokenTrie?>(nil)
  private let compiled = ConstraintCache<CompiledGrammar, ConstraintError> { $0.byteCount }
  private let compiledCalls = ConstraintCache<CompiledGrammar, ApusError> { $0.byteCount }

  /// `shown` are the tokens that a turn's text shows.
  init(_ tokenizer: Tokenizer, showing shown: Set<Token>) {
    self.tokenizer = tokenizer
    marks = TurnMarks(shown, tokenizer.vocabulary)
  }

  /// Whether `compile` gives it at once.
  func has(_ constraint: OutputConstraint) -> Bool { compiled.has(constraint.key) }

  /// The beginning of a text that fits `constraint`, behind what the model may think first.
  ///
  /// Takes well under a second where it was not compiled before. Throws where it cannot be read or kept, and soon after
  /// `shouldStop` says so.
  func compile(
    _ constraint: OutputConstraint, behind lead: ReasoningLead? = nil, shouldStop: () -> Bool = { false }
  ) throws(ConstraintError) -> TokenConstraint {
    let grammar = try compiled.value(for: constraint.key) {
      $0 == .stopped
    } make: { () throws(ConstraintError) in
      let source = try constraint.grammar(shouldStop)
      do throws(GrammarError) { return try CompiledGrammar(source, shouldStop: shouldStop) } catch {
        if error == .empty, case .jsonSchema = constraint { throw .refused("no value fits the schema: loosen it") }
        throw ConstraintError(error)
      }
    }
    return TokenConstraint(GrammarMatcher(grammar, madeTrie), tokenizer, marks, behind: lead)
  }

  /// The beginning of an answer that calls tools in the form of `turns`, as `calls` wants it.
  ///
  /// Throws `ApusError.invalidRequest` where a call must come and cannot be kept in form. Where one may come, and even its
  /// beginning cannot be kept, the result is nil, as where there is no tool.
  func compile(
    _ calls: CallConstraint, _ turns: TurnFormat, behind lead: ReasoningLead?
  ) throws(ApusError) -> TokenConstraint? {
    if calls.choice == .none || calls.choice == .auto && calls.tools.isEmpty { return nil }
    let marks = MarkTexts(shown: marks.shown, ends: endTexts)
    let isAuto = calls.choice == .auto
    do throws(ApusError) {
      let grammar = try compiledCalls.value(for: calls.key) { () throws(ApusError) in
        try calls.compiled(turns, marks)
      }
      return TokenConstraint(GrammarMatcher(grammar, madeTrie), tokenizer, self.marks, behind: lead, isWhole: !isAuto)
    } catch {
      if isAuto { return nil }
      throw error
    }
  }

  private var endTexts: [String] {
    tokenizer.vocabulary.endOfGeneration.map {
      String(decoding: tokenizer.piece(of: $0, renderSpecial: true), as: UTF8.self)
    }
  }

  private var madeTrie: TokenTrie {
    trie.withLock { trie in
      if let trie { return trie }
      let made = tokenizer.trie(marks)
      trie = made
      return made
    }
  }
}

extension OutputConstraint {
  fileprivate func grammar(_ shouldStop: () -> Bool) throws(ConstraintError) -> Grammar {
    switch form {
    case .schema(let schema): return try grammar(ofSchema: schema, shouldStop)
    case .text(let text):
      do throws(GrammarError) { return try text.grammar } catch { throw ConstraintError(error) }
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
  fileprivate var key: ConstraintCache<CompiledGrammar, ConstraintError>.Key {
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

  private func grammar(ofSchema text: String, _ shouldStop: () -> Bool) throws(ConstraintError) -> Grammar {
    do throws(SchemaError) {
      return try JSONSchema(text: text, options: Self.schemaOptions, shouldStop: shouldStop).grammar
    } catch {
      if error == .stopped { throw .stopped }
      throw .refused("the schema cannot be kept at \(error.place): \(error.reason)")
    }
  }
}

extension Tokenizer {
  /// The bytes of all tokens that can be text, and of marks what stands for them.
  fileprivate func trie(_ marks: TurnMarks) -> TokenTrie {
    TokenTrie(count: vocabulary.count) { token in
      if let mark = marks.bytes(of: token) { return mark }
      if vocabulary.isMark(token) || vocabulary.endOfGeneration.contains(token) { return nil }
      let piece = piece(of: token)
      return piece.contains(MarkToken.edge) ? nil : piece
    }
  }
}
