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

  private let source: any EventSource

  /// The stream of what a source gives.
  init(_ source: any EventSource) { self.source = source }

  /// The stream of what arrives in `channel`, which keeps `engine` alive.
  init(_ channel: EventChannel, engine: Engine) {
    self.init(GenerationHandle(channel, engine: engine))
  }

  /// Ends the completion within a token; its stream ends with `FinishReason.cancelled`.
  public func cancel() { source.cancel() }

  /// Begins the one iteration.
  public func makeAsyncIterator() -> Iterator { Iterator(source) }

  /// The one iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    private let iteration: Iteration

    init(_ source: any EventSource) { iteration = Iteration(source) }

    /// The next event; nil after `finished`.
    ///
    /// Throws where the completion failed.
    public mutating func next() async throws(ApusError) -> GenerationEvent? {
      try await iteration.source.next()
    }

    /// As `next()`, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ApusError) -> GenerationEvent? {
      try await iteration.source.next()
    }
  }

  /// Waits for the end and puts the whole completion together.
  public func completion() async throws(ApusError) -> Completion {
    try await Completion(of: map(ChatEvent.init))
  }
}

/// Where the events of a completion come from.
protocol EventSource: AnyObject, Sendable {
  /// Asks for the end of the completion; does nothing after its end.
  func cancel()
  /// The next event; nil after the end.
  func next() async throws(ApusError) -> GenerationEvent?
}

/// Keeps the engine alive for a stream, and cancels the completion when the stream is dropped.
final class GenerationHandle: EventSource {
  private let channel: EventChannel
  private let engine: Engine

  init(_ channel: EventChannel, engine: Engine) {
    self.channel = channel
    self.engine = engine
  }

  deinit { channel.cancel() }

  func cancel() { channel.cancel() }

  func next() async throws(ApusError) -> GenerationEvent? { try await channel.next() }
}

/// Cancels the completion when an iteration is dropped, even where its stream lives on.
private final class Iteration: Sendable {
  let source: any EventSource

  init(_ source: any EventSource) { self.source = source }

  deinit { source.cancel() }
}
