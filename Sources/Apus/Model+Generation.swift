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
  public func chat(
    _ messages: [ChatMessage], options: GenerationOptions = GenerationOptions()
  ) async throws(ApusError) -> Completion {
    try await streamChat(messages, options: options).completion()
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

  /// Answers the last of `messages`, event by event.
  ///
  /// Throws at once where the request cannot be taken.
  public func streamChat(
    _ messages: [ChatMessage], options: GenerationOptions = GenerationOptions()
  ) throws(ApusError) -> GenerationStream {
    try stream(tokens: try chatTokens(messages), options: options)
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
