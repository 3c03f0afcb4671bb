internal import ApusJSON

/// A value that a model has written.
public struct StructuredResponse<Value: Sendable>: Sendable {
  /// The value.
  public let value: Value
  /// The text that it was read from, and what it took.
  public let completion: Completion
}

/// A value while a model writes it.
public struct PartialOutput<Value: Sendable>: Sendable {
  /// What has come so far.
  ///
  /// Texts and lists have what is written of them. What has not come is empty, zero, false, nil or an enumeration's first
  /// case.
  public let value: Value
  /// Whether it is complete.
  public let isComplete: Bool
  /// The text so far.
  public let text: String
}

extension ChatSession {
  /// Answers `prompt` with a value of `type`, and waits for the end.
  ///
  /// The model can write nothing else than such a value, or calls of the session's tools, until it has what it needs. Its
  /// schema is added to the prompt, so that the model knows what is wanted.
  ///
  ///     struct City: Decodable { let name: String; let inhabitants: Int }
  ///     let answer = try await session.respond(to: "The largest city of France?", as: City.self)
  ///     print(answer.value.name)
  ///
  /// - Parameters:
  ///   - prompt: What is asked.
  ///   - type: What the answer is: see ``OutputSchema/init(of:)`` for the types that need no schema of their own.
  ///   - options: How to answer; nil takes `options.generation` of the session. Its `constraint` is not looked at.
  /// - Returns: The value, with the text that it was read from.
  /// - Throws: What `respond(to:options:)` throws, `ApusError.invalidRequest` for a schema that cannot be kept, and
  ///   `ApusError.outputCut` where the answer was cut before its value was complete.
  public func respond<Value: Decodable & Sendable>(
    to prompt: String, as type: Value.Type, options: GenerationOptions? = nil
  ) async throws(ApusError) -> StructuredResponse<Value> {
    let asked = try StructuredPrompt(prompt, type, options ?? self.options.generation)
    let completion = try await respond(to: asked.text, options: asked.options)
    var json = PartialJSON()
    json.append(completion.text.utf8)
    guard completion.finishReason == .stop else { throw .outputCut(reason: completion.finishReason) }
    return StructuredResponse(value: try json.decoded(type), completion: completion)
  }

  /// Answers `prompt` with a value of `type`, and gives what there is of it as it comes.
  ///
  /// As `respond(to:as:options:)`; the last element is complete. Cancelling works as for `streamResponse(to:options:)`.
  public func streamResponse<Value: Decodable & Sendable>(
    to prompt: String, as type: Value.Type, options: GenerationOptions? = nil
  ) throws(ApusError) -> StructuredStream<Value> {
    let asked = try StructuredPrompt(prompt, type, options ?? self.options.generation)
    return StructuredStream(events: streamResponse(to: asked.text, options: asked.options))
  }
}

/// The states of a value while a model writes it.
///
/// Read them once: each iteration asks the prompt.
public struct StructuredStream<Value: Decodable & Sendable>: AsyncSequence, Sendable {
  /// What the stream gives.
  public typealias Element = PartialOutput<Value>
  /// What it throws.
  public typealias Failure = ApusError

  let events: ResponseStream

  /// Begins an iteration, which asks with its first element.
  public func makeAsyncIterator() -> Iterator { Iterator(events: events.makeAsyncIterator()) }

  /// One iteration of a stream.
  public struct Iterator: AsyncIteratorProtocol {
    var events: ResponseStream.Iterator
    private var json = PartialJSON()
    private var text = ""
    /// Bytes of the text from which on it is worth another look: looking takes time that goes with all of it.
    private var nextLook = 0

    init(events: ResponseStream.Iterator) { self.events = events }

    /// A new turn begins: what was said before tools were called is no part of the value.
    private mutating func begin() { (json, text, nextLook) = (PartialJSON(), "", 0) }

    /// The next state; nil after the complete one.
    public mutating func next() async throws(ApusError) -> PartialOutput<Value>? {
      try await next(isolation: #isolation)
    }

    /// As `next()`, on the caller's actor.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(ApusError) -> PartialOutput<Value>? {
      while let event = try await events.next(isolation: actor) {
        switch event {
        case .progress, .toolCallBegins, .toolCallArguments, .toolCall: continue
        case .toolResult: begin()
        case .text(let delta):
          text += delta.text
          json.append(delta.text.utf8)
          guard text.utf8.count >= nextLook else { continue }
          nextLook = text.utf8.count + 1 + text.utf8.count / 64
          guard let value = json.value.flatMap({ try? OutputDecoder($0).decode(Value.self) }) else { continue }
          return PartialOutput(value: value, isComplete: false, text: text)
        case .finished(let summary):
          guard summary.finishReason == .stop else { throw .outputCut(reason: summary.finishReason) }
          return PartialOutput(value: try json.decoded(Value.self), isComplete: true, text: text)
        }
      }
      return nil
    }
  }
}

/// A prompt whose answer is a value.
private struct StructuredPrompt {
  let text: String
  let options: GenerationOptions

  init(_ prompt: String, _ type: any Decodable.Type, _ options: GenerationOptions) throws(ApusError) {
    let schema = try OutputSchema(of: type)
    text = prompt + "\n\nAnswer with JSON of this schema:\n" + schema.json
    var options = options
    options.constraint = .jsonSchema(schema.json)
    self.options = options
  }
}

extension PartialJSON {
  /// The whole text as a value of `type`.
  fileprivate func decoded<Value: Decodable>(_ type: Value.Type) throws(ApusError) -> Value {
    do {
      return try OutputDecoder(try JSONParser.parse(text)).decode(type)
    } catch {
      throw .invalidRequest(
        field: "schema", reason: "the answer fits the schema of \(type), but it cannot be decoded: \(error)")
    }
  }
}
