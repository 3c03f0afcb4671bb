extension Model {
  /// A conversation with the model that begins with `instructions`.
  ///
  /// Computes nothing: see ``ChatSession/prewarm()``.
  ///
  /// - Parameters:
  ///   - instructions: What holds for the whole conversation; the system message of the chat template.
  ///   - tools: What the model may call.
  ///   - options: What holds for all responses.
  /// - Returns: The session.
  /// - Throws: `ApusError.noChatTemplate`, `chatTemplate` or `unsuitableModel` for a model that cannot chat, and
  ///   `invalidRequest` for a tool whose name or arguments cannot be told.
  public func session(
    instructions: String? = nil, tools: [any Tool] = [], options: SessionOptions = SessionOptions()
  ) throws(ApusError) -> ChatSession {
    let entries = instructions.map { [Transcript.Entry.instructions(text: $0)] } ?? []
    return try session(transcript: Transcript(entries: entries), tools: tools, options: options)
  }

  /// The conversation that `transcript` tells, to go on with.
  ///
  /// It goes on with the same tokens as the session that the transcript is of, where options and seeds are the same.
  ///
  /// - Parameters:
  ///   - transcript: What was said: instructions, if any, and then prompts, each with its response.
  ///   - tools: What the model may call; none of those that it has called in the transcript is needed for that.
  ///   - options: What holds for all responses.
  /// - Returns: The session.
  /// - Throws: As without a transcript, and `ApusError.invalidRequest` for one whose entries are out of place.
  public func session(
    transcript: Transcript, tools: [any Tool] = [], options: SessionOptions = SessionOptions()
  ) throws(ApusError) -> ChatSession {
    if let pooling = engine.pooling { throw .cannotGenerate(pooling) }
    switch chatFormat?.support {
    case .supported: break
    case .refused(let reason): throw .chatTemplate(reason: reason)
    case nil, .noTemplate: throw .noChatTemplate
    }
    try transcript.check()
    return try ChatSession(self, transcript, options, tools: tools)
  }
}
