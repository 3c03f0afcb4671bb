internal import Synchronization

/// A conversation with a model, which remembers what was said.
///
/// It is what Foundation Models calls a `LanguageModelSession`. The name differs so that a program can import both.
///
/// A session answers one prompt at a time: another one meanwhile is `ApusError.alreadyResponding`, since an answer must
/// not depend on chance. Sessions of one model do not know of each other. What was said before is not computed again
/// while its keys and values are still kept.
///
/// **What stays in the transcript.** A prompt and its response join ``transcript`` together, when the response ends. One
/// that was cancelled, or whose stream was left, stays with the text that it had; where it had none, the transcript is as
/// before the prompt. It also is after an error. So the next prompt can always follow.
///
/// **Tools.** A session that has tools runs those that the model calls, tells it the results, and goes on until the model
/// answers without a call. All calls of a turn run at the same time, and their results follow in the order of the calls.
/// A call stays in the transcript with its result, or not at all: where a response is cancelled while tools run, the
/// tasks of these are cancelled, and the turn that called them is left out.
public final class ChatSession: Sendable {
  private struct State {
    var transcript: Transcript
    var isResponding = false
    /// Whether the response that is being produced is to end.
    var isCancelled = false
    /// Ends what is being done for it, once there is something.
    var cancel: (@Sendable () -> Void)?
  }

  /// The model that answers.
  public let model: Model
  /// What holds for all responses.
  public let options: SessionOptions
  /// What the model may call.
  public var tools: [any Tool] { toolBox.tools }

  /// Makes the request for the answer to the last of some messages.
  package typealias TurnMaker =
    @Sendable (_ messages: [ChatMessage], _ options: GenerationOptions) throws(ApusError) -> TurnRequest

  private let toolBox: ToolBox
  private let makeTurn: TurnMaker
  private let state: Mutex<State>

  /// A session whose turns the model answers, or what `makeTurn` asks for.
  package init(
    _ model: Model, _ transcript: Transcript, _ options: SessionOptions, tools: [any Tool], makeTurn: TurnMaker? = nil
  ) throws(ApusError) {
    let toolBox = try ToolBox(tools)
    self.model = model
    self.options = options
    self.toolBox = toolBox
    if let makeTurn {
      self.makeTurn = makeTurn
    } else {
      self.makeTurn = { messages, options throws(ApusError) in
        try model.turn(messages, tools: toolBox.definitions, options: options) { Task.isCancelled }
      }
    }
    state = Mutex(State(transcript: transcript))
  }

  /// What was said so far; a response that is being produced is not part of it yet.
  public var transcript: Transcript { state.withLock { $0.transcript } }

  /// Whether a prompt is being answered.
  public var isResponding: Bool { state.withLock { $0.isResponding } }

  /// Answers `prompt`, and waits for the end.
  ///
  /// - Parameters:
  ///   - prompt: What is asked. Names of control tokens in it have no special meaning.
  ///   - options: How to answer; nil takes `options.generation` of the session.
  /// - Returns: The answer with its usage, timings and finish reason; that of a cancelled task is what came until then.
  /// - Throws: `ApusError`: `alreadyResponding`, `contextLengthExceeded`, `stopped` where the task was cancelled before
  ///   the prompt was taken, and whatever fails a completion.
  public func respond(
    to prompt: String, options: GenerationOptions? = nil
  ) async throws(ApusError) -> Completion {
    try await streamResponse(to: prompt, options: options).completion()
  }

  /// Answers `prompt`, event by event.
  ///
  /// The work begins with the first event that is asked for; all errors come from there, those of `respond`. Cancelling
  /// the task that reads, or leaving its loop, ends the answer within a token.
  ///
  /// - Parameters:
  ///   - prompt: What is asked. Names of control tokens in it have no special meaning.
  ///   - options: How to answer; nil takes `options.generation` of the session.
  /// - Returns: The events. Read them once: each iteration asks.
  public func streamResponse(to prompt: String, options: GenerationOptions? = nil) -> ResponseStream {
    ResponseStream(session: self, prompt: prompt, options: options ?? self.options.generation)
  }

  /// Ends the response that is being produced within a token, as cancelling the task that reads it does.
  ///
  /// Its stream still gives the text so far, and `finished` with `FinishReason.cancelled`. Does nothing where no prompt
  /// is being answered.
  public func cancel() {
    let cancel = state.withLock { state in
      if state.isResponding { state.isCancelled = true }
      return state.cancel
    }
    cancel?()
  }

  /// Computes what is known of the next prompt: instructions, and what was said so far.
  ///
  /// The next response then begins sooner, while keys and values are still kept. Changes no result. It costs as much as
  /// a prompt of these tokens.
  ///
  /// - Throws: `ApusError`: `stopped` where the task is cancelled, and whatever fails a completion.
  public func prewarm() async throws(ApusError) {
    let known = try await knownTokens(behind: transcript)
    if known.isEmpty { return }
    let generation = options.generation
    let stream = try model.stream(
      tokens: known,
      options: GenerationOptions(maxTokens: 0, cacheSalt: generation.cacheSalt, adapters: generation.adapters))
    if try await stream.completion().finishReason == .cancelled { throw Task.isCancelled ? .stopped : .shuttingDown }
  }

  /// What is known of the next prompt: what two have in common holds for nearly all others too, whatever the template
  /// writes where.
  func knownTokens(behind transcript: Transcript) async throws(ApusError) -> [Token] {
    let messages = transcript.messages
    let one = try await tokens(of: messages + [.user("Hello")])
    let other = try await tokens(of: messages + [.user("Why?")])
    return zip(one, other).prefix { $0 == $1 }.map(\.0)
  }

  /// Takes the tokenizing of a long conversation off the caller's actor.
  @concurrent
  private func tokens(of messages: [ChatMessage]) async throws(ApusError) -> [Token] {
    let tools = options.generation.toolChoice == .none ? [] : toolBox.definitions
    return try model.chatTurn(messages, tools: tools) { Task.isCancelled }.tokens
  }

  /// The same for making the request of a turn.
  @concurrent
  private func request(
    _ messages: [ChatMessage], _ options: GenerationOptions
  ) async throws(ApusError) -> TurnRequest {
    try makeTurn(messages, options)
  }
}

// What a turn asks of its session.
extension ChatSession {
  /// Takes the session for a turn; the messages that came before it.
  func begin() throws(ApusError) -> [ChatMessage] {
    try state.withLock { state throws(ApusError) in
      if state.isResponding { throw .alreadyResponding }
      (state.isResponding, state.isCancelled) = (true, false)
      return state.transcript.messages
    }
  }

  /// Lets the session go on, with what is left of the turn.
  func end(with entries: [Transcript.Entry]) {
    state.withLock { state in
      state.transcript.entries += entries
      (state.isResponding, state.cancel) = (false, nil)
    }
  }

  /// The answer to the last of `messages`.
  func stream(_ messages: [ChatMessage], _ options: GenerationOptions) async throws(ApusError) -> ChatStream {
    let turn = try await request(messages, options)
    try checkRoom(turn.request)
    let stream = try model.submit(turn.request)
    begin(cancelledBy: stream.cancel)
    return ChatStream(stream, turn.reader)
  }

  /// The results of calls, in their order; nil where the response was cancelled meanwhile.
  func results(of calls: [ToolCall]) async throws(ApusError) -> [ToolResult]? {
    let (toolBox, failures) = (toolBox, options.toolFailures)
    let work = Task { await toolBox.results(of: calls, failures: failures) }
    begin(cancelledBy: work.cancel)
    let results = await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      work.cancel()
    }
    return work.isCancelled ? nil : try results.get()
  }

  /// Notes how to cancel what is being done for the response, and does so where that is to end already.
  private func begin(cancelledBy cancel: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.cancel = cancel
      return state.isCancelled
    }
    if isCancelled { cancel() }
  }

  /// Throws where an answer that meets the end of the context is an error, and this one may.
  private func checkRoom(_ request: GenerationRequest) throws(ApusError) {
    guard options.overflow == .error, let maximum = request.options.maxTokens else { return }
    let (needed, isTooMuch) = request.prompt.count.addingReportingOverflow(maximum)
    let limit = model.information.contextLength
    guard !isTooMuch, needed <= limit else {
      throw .contextLengthExceeded(
        limit: limit, requested: isTooMuch ? .max : needed, prompt: request.prompt.count)
    }
  }
}
