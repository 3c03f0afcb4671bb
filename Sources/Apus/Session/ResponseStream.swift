/// The events of a session's response, as they come: the same as those of a ``GenerationStream``.
///
/// Read them once: each iteration asks the prompt.
public struct ResponseStream: AsyncSequence, Sendable {
  /// What the stream gives.
  public typealias Element = GenerationEvent
  /// What it throws.
  public typealias Failure = ApusError

  let session: ChatSession
  let prompt: String
  let options: GenerationOptions

  /// Begins an iteration, which asks with its first event.
  public func makeAsyncIterator() -> Iterator { Iterator(turn: ChatTurn(session, prompt, options)) }

  /// One iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    let turn: ChatTurn

    /// The next event; nil after `finished`.
    public mutating func next() async throws(ApusError) -> GenerationEvent? { try await turn.next() }

    /// As `next()`, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ApusError) -> GenerationEvent? {
      try await turn.next()
    }
  }

  /// Waits for the end and puts the whole response together.
  public func completion() async throws(ApusError) -> Completion { try await Completion(of: self) }
}

extension Completion {
  /// Reads `events` to their end.
  init(of events: some AsyncSequence<GenerationEvent, ApusError>) async throws(ApusError) {
    var (text, reasoning) = ("", "")
    var tokens: [GeneratedToken] = []
    for try await event in events {
      switch event {
      case .progress: break
      case .text(let delta):
        text += delta.text
        reasoning += delta.reasoning
        tokens += delta.tokens
      case .finished(let summary):
        self.init(text: text, reasoning: reasoning, tokens: tokens, summary: summary)
        return
      }
    }
    throw .engineFailed(reason: "the stream was read already: iterate a stream once")
  }
}
