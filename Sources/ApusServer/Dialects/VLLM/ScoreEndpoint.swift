internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /score`: how well texts fit each other, one with many or each with its own; from a reranker or, as the cosine of
/// their angle, from a model that makes embeddings.
struct ScoreEndpoint: ReplyEndpoint {
  /// Names of the two sides.
  private static let names = [("text_1", "text_2"), ("queries", "documents"), ("data_1", "data_2")]

  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "text_2" }
  var operation: String? { "score" }

  func field(_ name: String) -> String { name == "input" ? promptField : name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let (first, second) = Self.names.first { fields[$0.0] != nil || fields[$0.1] != nil } ?? Self.names[0]
    var queries = try fields.side(first, setting.limits)
    let documents = try fields.side(second, setting.limits)
    guard queries.count == 1 || queries.count == documents.count else {
      throw Refusal.invalid(first, "\(first) must be one text, or as many as \(second) has")
    }
    if queries.count == 1 { queries = documents.map { _ in queries[0] } }
    let envelope: JSONMembers = [
      ("id", .string("score-" + hexadecimalDigits(of: UInt64.random(in: .min ... .max)))), ("object", "list"),
      ("created", .int(setting.time)), ("model", .string(setting.name)),
    ]
    let scores = try scores(Array(zip(queries, documents)), fields, setting)
    return {
      let (values, tokens) = try await scores()
      let data = values.enumerated().map { index, value -> JSONValue in
        ["index": .int(index), "object": "score", "score": .double(Double(value))]
      }
      return WholeReply(.object(JSONObject(envelope + [("data", .array(data)), ("usage", vectorUsage(tokens))])))
    }
  }

  /// What gives the scores of pairs, and the tokens that they took.
  private func scores(
    _ pairs: [(query: String, document: String)], _ fields: RequestFields, _ setting: JobSetting
  ) throws -> @Sendable () async throws -> ([Float], Int) {
    let (model, truncates, isRaw) = (setting.model, try fields.truncates(), try fields.wantsRawScores() ?? false)
    guard case .embedding = model.information.purpose else {
      let inputs = try pairs.flatMap { pair in
        try model.rankingInputs(pair.query, [pair.document], truncates: truncates, shouldStop: setting.shouldStop)
      }
      setting.usage.charge(promptTokens: inputs.reduce(0) { $0 + $1.tokens.count })
      return {
        let scores = try await model.rank(inputs)
        return (scores.map { isRaw ? $0.score : model.probability($0.score) }, scores.reduce(0) { $0 + $1.tokenCount })
      }
    }
    let options = EmbeddingOptions(truncates: truncates, cacheSalt: setting.scope.salt())
    let texts = pairs.flatMap { [EmbeddingText.text($0.query), .text($0.document)] }
    let inputs = try model.embeddingInputs(texts, options, shouldStop: setting.shouldStop)
    setting.usage.charge(promptTokens: inputs.reduce(0) { $0 + $1.tokens.count })
    return {
      let vectors = try await model.embed(inputs, options)
      let cosines = stride(from: 0, to: vectors.count, by: 2).map { index in
        zip(vectors[index].vector, vectors[index + 1].vector).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return (cosines, vectors.reduce(0) { $0 + $1.tokenCount })
    }
  }
}

extension RequestFields {
  /// One text, or several.
  fileprivate func side(_ name: String, _ limits: RequestLimits) throws(Refusal) -> [String] {
    if case .string(let text)? = self[name] { return [text] }
    return try documents(name, limits)
  }
}
