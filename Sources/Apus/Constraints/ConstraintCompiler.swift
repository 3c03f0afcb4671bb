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
  private let turns: TurnFormat?
  private let marks: TurnMarks
  private let trie = Mutex<TokenTrie?>(nil)
  private let compiled = ConstraintCache<CompiledGrammar, ConstraintError> { $0.byteCount }
  private let compiledCalls = ConstraintCache<CompiledGrammar, ApusError> { $0.byteCount }

  /// For a model that writes its turns so, if it chats; `shown` are the tokens that a turn's text shows.
  init(_ tokenizer: Tokenizer, _ turns: TurnFormat?, showing shown: Set<Token>) {
    self.tokenizer = tokenizer
    self.turns = turns
    marks = TurnMarks(shown, tokenizer.vocabulary)
  }

  /// Whether `compile` gives it at once.
  func has(_ constraint: OutputConstraint) -> Bool {
    compiled.has(constraint.key(inTurn: turns?.hasChannels == true))
  }

  /// The beginning of a text that fits `constraint`.
  ///
  /// Takes well under a second where it was not compiled before. Throws where it cannot be read or kept, and soon after
  /// `shouldStop` says so.
  func compile(
    _ constraint: OutputConstraint, shouldStop: () -> Bool = { false }
  ) throws(ConstraintError) -> TokenConstraint {
    TokenConstraint(TextPlace(try matcher(constraint, inTurn: nil, shouldStop)), tokenizer, marks, behind: nil)
  }

  /// The beginning of a turn behind what the model may think first: an answer that fits `constraint`, calls, or either.
  ///
  /// Nil without both of them. Throws as without calls.
  func compile(
    _ constraint: OutputConstraint?, _ calls: KeptCalls?, behind lead: ReasoningLead?, shouldStop: () -> Bool
  ) throws(ConstraintError) -> TokenConstraint? {
    guard let constraint else {
      return calls.map {
        TokenConstraint(TextPlace($0.calls), tokenizer, marks, behind: lead, isWhole: $0.isWhole)
      }
    }
    var place = TextPlace(try matcher(constraint, inTurn: turns, shouldStop))
    if let calls, let text = calls.answer { place.add(calls: calls.calls, answer: text) }
    return TokenConstraint(place, tokenizer, marks, behind: lead)
  }

  private func matcher(
    _ constraint: OutputConstraint, inTurn turns: TurnFormat?, _ shouldStop: () -> Bool
  ) throws(ConstraintError) -> GrammarMatcher {
    let turns = turns?.hasChannels == true ? turns : nil
    let grammar = try compiled.value(for: constraint.key(inTurn: turns != nil)) {
      $0 == .stopped
    } make: { () throws(ConstraintError) in
      var source = try constraint.grammar(shouldStop)
      if let turns { source = turns.grammar(ofAnswer: source, marks: markTexts) }
      do throws(GrammarError) { return try CompiledGrammar(source, shouldStop: shouldStop) } catch {
        if error == .empty, let place = constraint.placeOfNothing {
          throw .refused("no value fits the schema at \(place): loosen it")
        }
        throw ConstraintError(error)
      }
    }
    return GrammarMatcher(grammar, madeTrie)
  }

  /// What keeps the calls of a turn in form, as `wanted` says; `besideAnswer`: of one that may be a constraint's answer.
  ///
  /// Throws `ApusError.invalidRequest` where a call must come and cannot be kept in form. Where one may come, and even its
  /// beginning cannot be kept, the result is nil, as where there is no tool, and for a model that does not chat.
  func calls(_ wanted: CallConstraint, besideAnswer: Bool) throws(ApusError) -> KeptCalls? {
    guard let turns, wanted.choice != .none, wanted.choice != .auto || !wanted.tools.isEmpty else { return nil }
    let isAuto = wanted.choice == .auto
    do throws(ApusError) {
      if !besideAnswer { return KeptCalls(calls: try matcher(wanted, turns), isWhole: !isAuto) }
      var (calls, answer) = (wanted, wanted)
      (calls.part, answer.part) = (.calls, .answer)
      return KeptCalls(calls: try matcher(calls, turns), answer: try matcher(answer, turns), isWhole: true)
    } catch {
      if isAuto { return nil }
      throw error
    }
  }

  private func matcher(_ wanted: CallConstraint, _ turns: TurnFormat) throws(ApusError) -> GrammarMatcher {
    let grammar = try compiledCalls.value(for: wanted.key) { () throws(ApusError) in
      try wanted.compiled(turns, markTexts)
    }
    return GrammarMatcher(grammar, madeTrie)
  }

  private var markTexts: MarkTexts { MarkTexts(shown: marks.shown, ends: endTexts) }

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

/// What keeps the calls of a turn in form.
struct KeptCalls: Sendable {
  let calls: GrammarMatcher
  /// The texts that an answer may be beside them; nil where no constraint says what it is.
  var answer: GrammarMatcher?
  /// Whether the whole turn is constrained, so that nothing else may cut it.
  let isWhole: Bool
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
  fileprivate func key(inTurn: Bool) -> ConstraintCache<CompiledGrammar, ConstraintError>.Key {
    let (kind, bytes) =
      switch form {
      case .schema(let schema): ("schema", Array(schema.utf8))
      case .text(let text): text.identity
      }
    return .init(kind: inTurn ? kind + " in a turn" : kind, bytes: bytes)
  }

  /// Properties in the order of the schema, as more of a text can then be written without choosing; integers as all
  /// programs read them.
  private static let schemaOptions = JSONSchemaOptions(propertyOrder: .asDeclared, integersMayHavePoint: false)

  /// Where a schema says that no value fits; nil for other constraints.
  fileprivate var placeOfNothing: String? {
    guard case .jsonSchema(let text) = self else { return nil }
    return (try? JSONSchema(text: text, options: Self.schemaOptions).placeOfNothing()) ?? "#"
  }

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
