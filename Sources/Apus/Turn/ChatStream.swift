/// The events of one turn of a model, as they come.
///
/// Iterate it once. It ends early and waits for its reader as a ``GenerationStream`` does, which it reads.
public struct ChatStream: AsyncSequence, Sendable {
  /// What the stream gives.
  public typealias Element = ChatEvent
  /// What it throws.
  public typealias Failure = ApusError

  private let generation: GenerationStream
  private let events: TurnEvents

  /// Reads `generation` with `reader`.
  init(_ generation: GenerationStream, _ reader: TurnReader) {
    self.generation = generation
    events = TurnEvents(reader)
  }

  /// Ends the turn within a token; its stream ends with `FinishReason.cancelled`.
  public func cancel() { generation.cancel() }

  /// Begins the one iteration.
  public func makeAsyncIterator() -> Iterator { Iterator(generation.makeAsyncIterator(), events) }

  /// The one iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    private var generation: GenerationStream.Iterator
    private var events: TurnEvents
    private var told: ArraySlice<ChatEvent> = []

    init(_ generation: GenerationStream.Iterator, _ events: TurnEvents) {
      (self.generation, self.events) = (generation, events)
    }

    /// What was said so far.
    var said: TurnSummary { events.said }

    /// The next event; nil after `finished`.
    ///
    /// Throws where the completion failed.
    public mutating func next() async throws(ApusError) -> ChatEvent? { try await next(isolation: #isolation) }

    /// As `next()`, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(ApusError) -> ChatEvent? {
      while told.isEmpty {
        guard let event = try await generation.next(isolation: actor) else { return nil }
        told = events.read(event)[...]
      }
      return told.popFirst()
    }
  }

  /// Waits for the end and puts the whole turn together.
  public func completion() async throws(ApusError) -> Completion { try await Completion(of: self) }
}
