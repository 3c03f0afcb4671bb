internal import Apus
internal import ApusJSON

extension Model {
  /// Tokens with their log probabilities, one object for each, as chats of several APIs have them; with at most `top` of
  /// the most likely tokens.
  func listed(
    _ tokens: [GeneratedToken], top: Int = .max, _ naming: TokenNaming = TokenNaming()
  ) -> [JSONValue] {
    tokens.compactMap { token in
      guard let values = token.logProbabilities else { return nil }
      var members = entry(token.id, values.chosen, naming)
      let others = values.top.prefix(top).map {
        JSONValue.object(JSONObject(entry($0.token, $0.logProbability, naming)))
      }
      members.append(("top_logprobs", .array(others)))
      return .object(JSONObject(members))
    }
  }

  /// A token, how likely it was, and its bytes.
  func entry(_ token: Token, _ logProbability: Double, _ naming: TokenNaming = TokenNaming()) -> JSONMembers {
    let bytes = bytes(of: token).map { JSONValue.int(Int($0)) }
    return [
      ("token", .string(naming.text(of: token, self))), ("logprob", .double(logProbability.finiteLogProbability)),
      ("bytes", .array(bytes)),
    ]
  }
}
