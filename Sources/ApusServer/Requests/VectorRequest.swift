internal import Apus
internal import ApusJSON
internal import HTTPTypes

/// Texts of which vectors are wanted, in whichever body they came.
struct VectorRequest: Sendable {
  let texts: [EmbeddingText]
  var options: EmbeddingOptions
  /// How many of a vector's first values are wanted; nil for all.
  var dimensions: Int?
  /// What the body calls the texts, and the number of dimensions.
  var names = (texts: "input", dimensions: "dimensions")

  /// The vectors of the texts, in their order, once they are computed.
  struct Answer: Sendable {
    let embeddings: [Embedding]
    /// How long that took.
    let time: Duration
    /// Tokens of all texts, with those that the model wants around each.
    var tokenCount: Int { embeddings.reduce(0) { $0 + $1.tokenCount } }
  }

  /// The work that computes them and replies with what `body` makes of them.
  ///
  /// Texts become tokens here, on a thread for such work; vectors are cut where `body` is made, which is one, too.
  ///
  /// - Parameters:
  ///   - setting: Who asks which model.
  ///   - headers: Header fields that the reply has beside its body.
  ///   - body: The reply.
  /// - Returns: The work.
  /// - Throws: `Refusal` for a stream and for too many texts or dimensions; `ApusError` as `Model.embed` does.
  func work(
    _ setting: JobSetting, headers: @escaping @Sendable (Answer) -> HTTPFields = { _ in [:] },
    _ body: @escaping @Sendable (Answer) -> JSONValue
  ) throws -> ReplyWork {
    // Clients that wait for a stream would not understand a whole answer.
    guard !setting.isStreamed else {
      throw Refusal.invalid("stream", "vectors are not streamed: ask for them without a stream")
    }
    let (model, limit) = (setting.model, setting.limits.vectorValues)
    var options = options
    options.cacheSalt = setting.scope.salt(options.cacheSalt)
    if case .embedding(let size) = model.information.purpose { try check(size, limit) }
    let inputs = try model.embeddingInputs(texts, options, shouldStop: setting.shouldStop)
    setting.usage.charge(promptTokens: inputs.reduce(0) { $0 + $1.tokens.count })
    return { [options] in
      let start = ContinuousClock.now
      let embeddings = try await model.embed(inputs, options)
      let answer = Answer(embeddings: embeddings, time: .now - start)
      try check(embeddings.first?.vector.count ?? 0, limit)
      var reply = WholeReply { body(shortened(answer)) }
      reply.headers = headers(answer)
      return reply
    }
  }

  /// How many tokens the texts have for the model.
  func tokenCount(_ setting: JobSetting) throws -> Int {
    try setting.model.embeddingInputs(texts, options, shouldStop: setting.shouldStop).reduce(0) { $0 + $1.tokens.count }
  }

  private func shortened(_ answer: Answer) -> Answer {
    guard let dimensions else { return answer }
    return Answer(
      embeddings: answer.embeddings.map { $0.shortened(to: dimensions, isNormalized: options.isNormalized) },
      time: answer.time)
  }

  /// Checks what is known once a vector's values are: that so many are there, and that the reply can have all of them.
  private func check(_ size: Int, _ limit: Int) throws(Refusal) {
    guard dimensions ?? 0 <= size else {
      throw .invalid(names.dimensions, "\(names.dimensions) must be at most \(size), which this model has")
    }
    guard size * texts.count <= limit else {
      throw .invalid(
        names.texts, "texts times dimensions may be \(limit) at most: send fewer texts in a request")
    }
  }
}
