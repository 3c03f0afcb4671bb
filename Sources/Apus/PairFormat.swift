internal import ApusCore
internal import ApusJSON
package import ApusModels
package import ApusTemplates
internal import ApusTokenizers

/// How a query and a document become what a reranker reads.
package enum PairFormat: Sendable {
  /// One after the other, with the tokens around and between them that the tokenizer has: `[CLS] query [SEP] document
  /// [SEP]`, and `<s> query </s></s> document </s>` where it is RoBERTa's kind.
  case separated
  /// A prompt with places for both.
  case prompt(ChatTemplate)

  /// The format of a model from the file at `path`; nil where it does not rank.
  ///
  /// A model that generates text by nature is asked in a prompt, for which the file may have a template; without one, a
  /// model with several labels is asked as Qwen3's rerankers are, and any other reads the texts one after the other.
  ///
  /// Throws `ApusError.cannotLoad` where the file's template is of no use; that of an encoder is not read.
  package init?(_ model: LoadedModel, path: String) throws(ApusError) {
    guard let pooling = model.configuration.pooling, let ranking = pooling.ranking else { return nil }
    var text: String?
    if pooling.kind == .last {
      do throws(ModelError) {
        text = try model.rankingTemplate() ?? (ranking.labels.count > 1 ? Self.question : nil)
      } catch {
        throw .cannotLoad(path: path, reason: error.description)
      }
    }
    guard let prompt = text else {
      self = .separated
      return
    }
    do throws(TemplateError) {
      self = .prompt(try ChatTemplate(source: Self.jinja(prompt)))
    } catch {
      throw .cannotLoad(path: path, reason: "\(path): the template for reranking is of no use: \(error)")
    }
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
  ///
  /// Throws `ApusError.stopped` where `shouldStop` says so between two attempts.
  func tokens(
    _ query: String, _ document: String, _ tokenizer: Tokenizer, limit: Int?, _ shouldStop: () -> Bool
  ) throws(ApusError) -> EmbeddingInput {
    if shouldStop() { throw .stopped }
    switch self {
    case .separated:
      let (tokens, isTruncated) = tokenizer.encode(query, with: document, limit: limit)
      return EmbeddingInput(tokens: tokens, isTruncated: isTruncated)
    case .prompt(let template):
      let whole = try prompt(query, document, template, tokenizer)
      guard let limit, whole.count > limit else { return EmbeddingInput(tokens: whole) }
      var (cut, fitting) = (EmbeddingInput(tokens: whole, isTruncated: true), 0..<document.unicodeScalars.count)
      while !fitting.isEmpty {
        if shouldStop() { throw .stopped }
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
}
