internal import Apus
internal import ApusJSON

/// How the tokens of an answer are told, in vLLM's ways.
struct TokenNaming: Sendable {
  /// Whether lists of tokens have `token_id:5` in place of texts, of which several tokens may have the same.
  var hasNumbersForTexts = false
  /// Whether the numbers of a prompt's and an answer's tokens are told beside the text.
  var hasNumbers = false

  init() {}

  /// What a request wants.
  init(_ fields: RequestFields) throws(Refusal) {
    hasNumbersForTexts = try fields.bool("return_tokens_as_token_ids") ?? false
    hasNumbers = try fields.bool("return_token_ids") ?? false
  }

  /// A token as a text.
  func text(of token: Token, _ model: Model) -> String {
    hasNumbersForTexts ? "token_id:\(token)" : model.distinctText(of: token)
  }

  /// The member with the numbers of tokens; none where they are not wanted.
  func members(_ name: String, _ tokens: [Token]) -> JSONMembers {
    hasNumbers ? [(name, .array(tokens.map { .int(Int($0)) }))] : []
  }

  /// The numbers of an answer's tokens, with that which ended it once it has ended.
  func members(_ tokens: [GeneratedToken], _ summary: GenerationSummary? = nil) -> JSONMembers {
    members("token_ids", tokens.map(\.id) + (summary?.endToken.map { [$0.id] } ?? []))
  }
}
