internal import ApusCore
internal import ApusJSON
package import ApusModels
package import ApusTemplates
internal import ApusTokenizers

/// How a query and a document become what a reranker reads.
package enum PairFormat: Sendable {
  /// One after the other, with the tokens around and between them that the tokenizer has.
  case separated
  /// A prompt with places for both.
  case prompt(ChatTemplate)

  /// The format of a model that pools this way; nil for one that does not rank.
  ///
  /// A model that generates text by nature is asked in a prompt, for which the file may have a template.
  package init?(_ pooling: PoolingPlan?, template stored: String?) {
    guard let pooling, pooling.ranking != nil else { return nil }
    guard pooling.kind == .last else {
      self = .separated
      return
    }
    let text = stored?.contains("{document}") == true ? stored ?? Self.question : Self.question
    guard let template = try? ChatTemplate(source: Self.jinja(text)) else { return nil }
    self = .prompt(template)
  }

  /// What Qwen3's rerankers are asked.
  private static let question = """
    <|im_start|>system
    Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer \
    can only be "yes" or "no".<|im_end|>
    <|im_start|>user
    <Instruct>: Given a web search query, retrieve relevant passages that answer the query
    <Query>: {query}
    <Document>: {document}<|im_end|>
    <|im_start|>assistant
    <think>

    </think>


    """

  /// A text with the places `{query}` and `{document}` as a template: what stands between them is the template's word.
  private static func jinja(_ text: String) -> String {
    text.split(separator: "{query}", omittingEmptySubsequences: false).map { part in
      part.split(separator: "{document}", omittingEmptySubsequences: false).map { "{{ '\(escaped($0))' }}" }
        .joined(separator: "{{ document }}")
    }.joined(separator: "{{ query }}")
  }

  private static func escaped(_ text: Substring) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\\": result += "\\\\"
      case "'": result += "\\'"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

extension PairFormat {
  /// The tokens of a pair; with a limit, the document's end is left out where there are more.
  func tokens(
    _ query: String, _ document: String, _ tokenizer: Tokenizer, limit: Int?
  ) throws(ApusError) -> EmbeddingInput {
    switch self {
    case .separated: return separated(query, document, tokenizer, limit)
    case .prompt(let template):
      let whole = try prompt(query, document, template, tokenizer)
      guard let limit, whole.count > limit else { return EmbeddingInput(tokens: whole) }
      var (cut, fitting) = (EmbeddingInput(tokens: whole, isTruncated: true), 0..<document.unicodeScalars.count)
      while !fitting.isEmpty {
        let middle = (fitting.lowerBound + fitting.upperBound) / 2
        let start = String(String.UnicodeScalarView(document.unicodeScalars.prefix(middle)))
        let tokens = try prompt(query, start, template, tokenizer)
        if tokens.count <= limit {
          cut.tokens = tokens
          fitting = middle + 1..<fitting.upperBound
        } else {
          fitting = fitting.lowerBound..<middle
        }
      }
      return cut
    }
  }

  private func prompt(
    _ query: String, _ document: String, _ template: ChatTemplate, _ tokenizer: Tokenizer
  ) throws(ApusError) -> [Token] {
    do throws(TemplateError) {
      let prompt = try template.render([("query", .string(query)), ("document", .string(document))])
      return tokenizer.encode(prompt, addSpecial: true)
    } catch {
      throw .chatTemplate(reason: error.description)
    }
  }

  /// `[CLS] query [SEP] document [SEP]`, and `<s> query </s></s> document </s>` where the tokenizer is RoBERTa's kind.
  private func separated(
    _ query: String, _ document: String, _ tokenizer: Tokenizer, _ limit: Int?
  ) -> EmbeddingInput {
    func encode(_ text: String, _ addSpecial: Bool) -> [Token] {
      tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: false)
    }
    let (text, query) = (encode(document, false), encode(query, false))
    // The frame of a text that has tokens: around none it could not be told what stands before and what behind.
    let frame = TokenFrame(encode("a", true), around: encode("a", false))
    let isRoBERTa = frame.after.last.map { tokenizer.piece(of: $0, renderSpecial: true) } == Array("</s>".utf8)
    let head = frame.around(query[...]) + (isRoBERTa ? frame.after : [])
    let room = limit.map { max(0, $0 - head.count - frame.after.count) } ?? text.count
    return EmbeddingInput(tokens: head + text.prefix(room) + frame.after, isTruncated: room < text.count)
  }
}
