/// The events of a session's response, as they come.
///
/// Read them once: each iteration asks the prompt.
public struct ResponseStream: AsyncSequence, Sendable {
  /// What the stream gives.
  public typealias Element = ChatEvent
  /// What it throws.
  public typealias Failure = ApusError

  let session: ChatSession
  let prompt: String
  let options: GenerationOptions

  /// Begins an iteration, which asks with its first event.
  public func makeAsyncIterator() -> Iterator { Iterator(reader: ResponseReader(session, prompt, options)) }

  /// One iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    let reader: ResponseReader

    /// The next event; nil after `finished`.
    public mutating func next() async throws(ApusError) -> ChatEvent? { try await reader.next() }

    /// As `next()`, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ApusError) -> ChatEvent? {
      try await reader.next()
    }
  }

  /// Waits for the end and puts the whole response together.
  public func completion() async throws(ApusError) -> Completion { try await Completion(of: self) }
}
