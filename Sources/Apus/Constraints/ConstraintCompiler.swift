internal import ApusGrammar
internal import ApusTokenizers
internal import Synchronization

/// Makes of what people write a place in a grammar over one vocabulary's tokens.
///
/// What is larger than a text's tokens is made once: the vocabulary's tree with the first constraint.
final class ConstraintCompiler: Sendable {
  private let tokenizer: Tokenizer
  private let trie = Mutex<TokenTrie?>(nil)

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The beginning of a text that fits `constraint`.
  ///
  /// Throws `ApusError.invalidRequest` where it cannot be read or kept, which takes well under a second to find.
  func compile(_ constraint: OutputConstraint) throws(ApusError) -> TokenConstraint {
    let grammar: CompiledGrammar
    do throws(GrammarError) {
      grammar = try CompiledGrammar(constraint.text.grammar)
    } catch {
      throw .invalidRequest(field: constraint.field, reason: error.description)
    }
    return TokenConstraint(GrammarMatcher(grammar, madeTrie), tokenizer)
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
  /// The name that APIs give it.
  var field: String {
    switch self {
    case .regularExpression: "regex"
    case .grammar, .lark: "grammar"
    case .choices: "choices"
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

extension OutputConstraint {
  fileprivate var text: GrammarText {
    switch self {
    case .regularExpression(let text): .pattern(text)
    case .grammar(let text): .gbnf(text)
    case .lark(let text): .lark(text)
    case .choices(let texts): .choices(texts)
    }
  }
}
