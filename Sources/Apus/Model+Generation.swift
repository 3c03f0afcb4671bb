extension Model {
  /// Completes `prompt`, and waits for the end.
  ///
  /// If the task is cancelled, gives what there is until then.
  public func complete(
    _ prompt: String, options: GenerationOptions = GenerationOptions()
  ) async throws(ApusError) -> Completion {
    try await stream(prompt: prompt, options: options).completion()
  }

  /// Answers the last of `messages`, and waits for the end.
  ///
  /// If the task is cancelled, gives what there is until then.
  ///
  /// - Parameters:
  ///   - messages: The conversation.
  ///   - tools: What the model may call: see `Completion.toolCalls`. To have calls run, use a session.
  ///   - options: How to answer.
  /// - Returns: The answer, or the calls.
  /// - Throws: `ApusError`, which says what to do.
  public func chat(
    _ messages: [ChatMessage], tools: [ToolDefinition] = [], options: GenerationOptions = GenerationOptions()
  ) async throws(ApusError) -> Completion {
    try await streamChat(messages, tools: tools, options: options).completion()
  }

  /// Completes `prompt`, event by event.
  ///
  /// Throws at once where the request cannot be taken.
  /// The prompt is plain text: names of control tokens in it have no special meaning.
  public func stream(
    prompt: String, options: GenerationOptions = GenerationOptions()
  ) throws(ApusError) -> GenerationStream {
    try stream(tokens: try promptTokens(prompt, addSpecial: true, parseSpecial: false), options: options)
  }

  /// Answers the last of `messages`, event by event: what the model thinks, answers and calls, each apart.
  ///
  /// Throws at once where the request cannot be taken.
  ///
  /// - Parameters:
  ///   - messages: The conversation.
  ///   - tools: What the model may call. Its calls are told and not run: answer each with a message of the role `tool`,
  ///     behind the message with the calls. To have them run, use a session.
  ///   - options: How to answer.
  /// - Returns: The events.
  /// - Throws: `ApusError`, which says what to do.
  public func streamChat(
    _ messages: [ChatMessage], tools: [ToolDefinition] = [], options: GenerationOptions = GenerationOptions()
  ) throws(ApusError) -> ChatStream {
    let turn = try turn(messages, tools: try ToolDefinition.json(tools), options: options)
    return ChatStream(try submit(turn.request), turn.reader)
  }

  /// Completes a prompt given as tokens, event by event.
  ///
  /// Throws at once where the request cannot be taken.
  public func stream(
    tokens: [Token], options: GenerationOptions = GenerationOptions()
  ) throws(ApusError) -> GenerationStream {
    let constraint = try options.constraint.map { constraint throws(ApusError) in try compile(constraint) }
    return try submit(GenerationRequest(prompt: tokens, options: options, constraint: constraint))
  }

  /// Submits a request, with the sampling that the model's file recommends where it names none.
  func submit(_ request: GenerationRequest) throws(ApusError) -> GenerationStream {
    var request = request
    request.options.sampling = request.options.sampling ?? information.sampling
    return try engine.submit(request)
  }

  /// Refuses new requests and waits until those that were taken have ended.
  public func drain() async { await engine.drain() }
}
