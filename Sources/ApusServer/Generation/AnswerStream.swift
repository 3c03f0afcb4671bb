internal import Apus
internal import Hummingbird

/// Writes an answer piece by piece, as its tokens come; several choices take turns.
///
/// Call `begin` before the header is sent: a proxy may ask another server while nothing was sent.
struct AnswerStream: Sendable {
  private let run: GenerationRun
  private let dialect: any Dialect
  /// The request's, for errors.
  private let requestID: String
  private let heartbeat: Heartbeat
  private let feed: SignalFeed
  private var frames: ChoiceFrames
  /// What was there when the stream began, and is not written yet.
  private var beginning = ByteBuffer()

  init(
    _ run: GenerationRun, _ encoder: any AnswerEncoder, _ keeper: AnswerKeeper, _ dialect: any Dialect,
    requestID: String, _ heartbeat: Heartbeat
  ) {
    self.run = run
    self.dialect = dialect
    self.requestID = requestID
    self.heartbeat = heartbeat
    feed = SignalFeed(run, heartbeat)
    frames = ChoiceFrames(run, encoder, keeper, signOfLife: dialect.signOfLife)
  }

  /// Waits for the first piece, or a beat that is due; throws where the work ended before anything was produced.
  @concurrent mutating func begin() async throws {
    beginning = frames.opening ?? beginning
    guard let first = try await nextFrame() else {
      try Task.checkCancellation()
      if let error = frames.error { throw error }
      return
    }
    beginning.writeImmutableBuffer(first)
  }

  /// Writes the whole stream; a failure becomes its last frame.
  @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
    do {
      try await writeChoices(to: &writer)
    } catch {
      guard let refusal = Refusal(known: error) else { throw error }
      try await writer.write(ByteBuffer(bytes: dialect.ending(with: refusal.of(requestID))))
      run.outcome.note(refusal)
    }
    try await writer.finish(nil)
  }

  /// Writes all choices to their ends; throws why they were cut, after what there is of them.
  @concurrent private func writeChoices(to writer: inout any ResponseBodyWriter) async throws {
    var rest = self
    try await write(beginning, to: &writer)
    while let frame = try await rest.nextFrame() { try await write(frame, to: &writer) }
    if let error = rest.frames.error { throw error }
    if let last = rest.frames.last { try await write(last, to: &writer) }
  }

  /// The next piece; nil when all choices have ended.
  @concurrent private mutating func nextFrame() async throws -> ByteBuffer? {
    while frames.openCount > 0, let signal = try await feed.next() {
      if let frame = await frames.frame(for: signal) { return frame }
    }
    return nil
  }

  @concurrent private func write(_ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
    guard bytes.readableBytes > 0 else { return }
    try await writer.write(bytes)
    heartbeat.noteWrite()
  }
}

/// What is written of the choices of an answer.
private struct ChoiceFrames {
  private let run: GenerationRun
  private var encoder: any AnswerEncoder
  private let keeper: AnswerKeeper
  private let signOfLife: [UInt8]?
  private var readings: [ChoiceReading]
  /// Choices that have not ended.
  private(set) var openCount: Int
  private var usage = UsageCount()
  /// Why the answer was cut, if it was.
  private(set) var error: Refusal?

  init(
    _ run: GenerationRun, _ encoder: any AnswerEncoder, _ keeper: AnswerKeeper, signOfLife: [UInt8]?
  ) {
    self.run = run
    self.encoder = encoder
    self.keeper = keeper
    self.signOfLife = signOfLife
    readings = (0..<run.plan.choiceCount).map { _ in run.plan.makeReading() }
    openCount = readings.count
  }

  /// What stands before all tokens.
  var opening: ByteBuffer? {
    mutating get { Self.buffer(readings.indices.flatMap { encoder.open($0) }) }
  }

  /// What stands behind all choices.
  var last: ByteBuffer? { mutating get { Self.buffer(encoder.finish(usage)) } }

  /// Takes in a signal; gives what is to be written for it.
  mutating func frame(for signal: StreamSignal) async -> ByteBuffer? {
    guard case .event(let event, let choice) = signal else {
      return signOfLife.map { ByteBuffer(bytes: $0) }
    }
    run.note(event, of: choice)
    let bytes =
      switch event {
      case .progress(let progress): encoder.progress(choice, progress)
      case .text(let delta): encoder.delta(choice, read(delta, of: choice))
      case .finished(let summary): await end(of: choice, summary)
      }
    return Self.buffer(bytes)
  }

  private mutating func read(_ delta: TextDelta, of choice: Int) -> AnswerDelta {
    AnswerDelta(events: readings[choice].feed(delta), tokens: delta.tokens)
  }

  /// The end of a choice; nothing is said of one that was cut before it had a token.
  private mutating func end(of choice: Int, _ summary: GenerationSummary) async -> [UInt8] {
    openCount -= 1
    usage.add(summary, choice: choice, of: run.plan)
    let end = await run.end(of: choice, summary)
    error = error ?? end.error
    guard end.error == nil || summary.usage.completionTokens > 0 else { return [] }
    run.outcome.note(end)
    let rest = readings[choice].finish(summary)
    let bytes = rest.isEmpty ? [] : encoder.delta(choice, AnswerDelta(events: rest, tokens: []))
    let result = ChoiceResult(turn: readings[choice].turn, summary: summary, end: end)
    await keeper.keep(result, of: &encoder)
    return bytes + encoder.close(choice, result)
  }

  private static func buffer(_ bytes: [UInt8]) -> ByteBuffer? { bytes.isEmpty ? nil : ByteBuffer(bytes: bytes) }
}
