/// The events of one completion, as they come.
///
/// Iterate it once. When the iteration or the whole stream is dropped, or the iterating task is cancelled, the
/// completion ends within a token; a cancelled task still gets the text so far and a `finished` event with
/// `FinishReason.cancelled`. A slow reader loses nothing: deltas join while they wait, and a completion whose reader
/// falls too far behind gives its place to others until it is read.
public struct GenerationStream: AsyncSequence, Sendable {
  /// What the stream gives.
  public typealias Element = GenerationEvent
  /// What it throws.
  public typealias Failure = ApusError

  private let handle: GenerationHandle

  /// The stream of what arrives in `channel`, which keeps `engine` alive.
  init(_ channel: EventChannel, engine: Engine) {
    handle = GenerationHandle(channel, engine: engine)
  }

  /// Ends the completion within a token; its stream ends with `FinishReason.cancelled`.
  public func cancel() { handle.channel.cancel() }

  /// Begins the one iteration.
  public func makeAsyncIterator() -> Iterator { Iterator(handle) }

  /// The one iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    private let iteration: Iteration

    init(_ handle: GenerationHandle) { iteration = Iteration(handle) }

    /// The next event; nil after `finished`.
    ///
    /// Throws where the completion failed.
    public mutating func next() async throws(ApusError) -> GenerationEvent? {
      try await iteration.handle.channel.next()
    }

    /// As `next()`, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ApusError) -> GenerationEvent? {
      try await iteration.handle.channel.next()
    }
  }

  /// Waits for the end and puts the whole completion together.
  public func completion() async throws(ApusError) -> Completion {
    try await Completion(of: map(ChatEvent.init))
  }
}

/// Keeps the engine alive for a stream, and cancels the completion when the stream is dropped.
final class GenerationHandle: Sendable {
  let channel: EventChannel
  private let engine: Engine

  init(_ channel: EventChannel, engine: Engine) {
    self.channel = channel
    self.engine = engine
  }

  deinit { channel.cancel() }
}

/// Cancels the completion when an iteration is dropped, even where its stream lives on.
private final class Iteration: Sendable {
  let handle: GenerationHandle

  init(_ handle: GenerationHandle) { self.handle = handle }

  deinit { handle.channel.cancel() }
}
