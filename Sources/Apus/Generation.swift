internal import ApusModels
internal import ApusSampling
internal import ApusTokenizers

/// One request from when it is taken to its end: how its tokens are chosen, become text, and reach the reader.
// Sendable: made by the caller and handed to the thread that computes, which alone works with it, but for the one worker
// that judges it in a step while that thread waits.
final class Generation: @unchecked Sendable {
  /// The times that a summary is made of.
  private struct Times {
    let submitted: ContinuousClock.Instant
    var started: ContinuousClock.Instant?
    var firstToken: ContinuousClock.Instant?
    var lastToken: ContinuousClock.Instant?
  }

  /// What the scheduler takes in.
  let sequence: SequenceState
  let channel: EventChannel
  private let seed: UInt64
  private var chooser: Chooser
  private var completion: CompletionState
  private var scores: PromptScores
  private let pooled: PooledPositions?
  private var mean = RowMean()
  private var guess: Guess
  private var times: Times
  /// When it ends, if nothing else ends it before; nil for never.
  let deadline: ContinuousClock.Instant?
  private(set) var cachedCount = 0
  private var toldProgress = 0
  /// What the step brought that was judged last.
  private(set) var verdict = Verdict.chunk

  /// Checks `request`, or throws the first thing that is wrong with it.
  init(
    _ request: GenerationRequest, id: Int, _ tokenizer: Tokenizer, _ configuration: EngineConfiguration,
    _ channel: EventChannel
  ) throws(ApusError) {
    try request.check(vocabularySize: tokenizer.vocabulary.count, configuration)
    let (prompt, options) = (request.prompt, request.options)
    let adapters = try options.adapters.uses(of: configuration.adapters)
    seed = options.seed ?? UInt64.random(in: 0...UInt64.max)
    do throws(SamplingError) {
      completion = try CompletionState(
        tokenizer, after: prompt, options, showing: request.shownTokens,
        room: configuration.contextLength - prompt.count, isCutByStops: request.constraint?.isWhole != true)
      chooser = try Chooser(
        options, tokenizer, after: prompt, seed: seed, request.constraint, rules: request.rules,
        reasoning: request.reasoning)
    } catch {
      throw ApusError(error)
    }
    guess = Guess(
      prompt, predicting: Array(options.prediction.prefix(configuration.contextLength)), options.speculation)
    scores = PromptScores(
      Array(prompt[(request.scoresFrom ?? prompt.count)...]), top: options.topLogProbabilities ?? 0)
    pooled = request.pooled
    sequence = SequenceState(
      id: id, prompt: prompt, choosesTokens: options.maxTokens != 0, scoresFrom: request.scoresFrom, pooled: pooled,
      root: BlockTree.Root(adapters: adapters, salt: options.cacheSalt), reusesPrefix: options.reusesPrefix,
      priority: options.priority)
    self.channel = channel
    let submitted = configuration.now()
    times = Times(submitted: submitted)
    deadline = options.deadline.map { submitted.advanced(by: min($0, GenerationRequest.longestDeadline)) }
  }

  var id: Int { sequence.id }
  var promptCount: Int { sequence.promptCount }
  /// Whether a step has worked on it.
  var isStarted: Bool { times.started != nil }
  /// Tokens of the completion so far.
  var completionCount: Int { completion.tokenCount }
  /// Tokens that were proposed for it so far, and how many of them came true.
  var proposedCount: Int { guess.proposedCount }
  var acceptedCount: Int { guess.acceptedCount }

  /// Notes a step that works on it; with the first one the reader is told that it no longer waits.
  func start(cached: Int, at time: ContinuousClock.Instant) {
    cachedCount = cached
    guard times.started == nil else { return }
    times.started = time
    channel.send(PromptProgress(processed: cached, cached: cached, total: promptCount))
  }

  /// Tokens that may be proposed: the last one that it has room for needs no row of its own.
  var proposalRoom: Int { completion.room - 1 }
  var speculation: Speculation { guess.speculation }
  /// How likely the first token is to come that `lookUp` gives.
  var lookupChance: Double { guess.lookupChance }

  /// Tokens that may come next, at most `most`, in a step of `sequences` that costs what `costs` knows.
  func lookUp(most: Int, sequences: Int, _ costs: StepCosts) -> [Token] {
    guess.lookUp(most: min(most, proposalRoom), sequences: sequences, costs)
  }

  /// Finds the verdict on its part of a step, whose logits are `[part.logits, vocabularySize]`: scores tokens of the
  /// prompt, then chooses the next one, and goes on as long as what comes is what was proposed.
  func judge(_ part: ScheduledBatch.Part, _ logits: Span<Float>, _ workspace: inout Workspace) {
    verdict = pooled == nil ? completion.take(part.progress) : .chunk
    let size = part.logits.isEmpty ? 0 : logits.count / part.logits.count
    let rows = (0..<part.logits.count).map { $0 * size..<($0 + 1) * size }
    let certain = rows.count - part.proposed.count
    var joined: [Token] = []
    do throws(SamplingError) {
      for row in rows[..<certain] { try judge(logits.extracting(row), &joined, &workspace) }
      while completion.ending == nil, !joined.isEmpty, part.proposed.starts(with: joined) {
        try judge(logits.extracting(rows[certain - 1 + joined.count]), &joined, &workspace)
      }
    } catch {
      // What came before stands; the row that failed comes first in the next step, and fails again.
      if joined.isEmpty { verdict = .failed(.engineFailed(reason: error.description)) }
    }
    guard case .tokens(let tokens, let ending) = verdict else { return }
    guess.note(proposed: part.proposed.count, accepted: part.keptRows(tokens, ending) - part.certainRows.count)
  }

  /// Finds the verdict on a part of which `count` vectors came: with the last one the result is there.
  func judge(_ vectors: Span<Float>, count: Int) {
    let size = vectors.count / count
    for row in 0..<count { mean.add(vectors.extracting(row * size..<(row + 1) * size)) }
    verdict = mean.count == pooled?.rowCount ? .vector(mean.values) : .chunk
  }

  /// Scores a token with this row of logits, or chooses the next.
  private func judge(
    _ logits: Span<Float>, _ joined: inout [Token], _ workspace: inout Workspace
  ) throws(SamplingError) {
    guard scores.isComplete else { return try scores.take(logits, &workspace) }
    take([try chooser.choose(logits, &workspace)], &joined)
    if completion.ending == nil {
      let forced = chooser.forced().map { GeneratedToken(id: $0) }
      if !forced.isEmpty { take(forced, &joined) }
    }
  }

  /// Takes tokens into the completion, up to the one that ends it.
  private func take(_ tokens: [GeneratedToken], _ joined: inout [Token]) {
    guard case .tokens(let tokens, let ending) = completion.take(tokens) else { return }
    for token in tokens {
      chooser.accept(token)
      guess.append(token, room: completion.room)
    }
    joined += tokens
    if ending == nil, chooser.isComplete { completion.end(Ending(.outputComplete)) }
    verdict = .tokens(joined, completion.ending)
  }

  /// Tells the reader how far the prompt is processed.
  func send(_ progress: PromptProgress) {
    // One that goes on after a rest has no progress to tell until it is further than before.
    guard completion.tokenCount == 0, progress.processed > toldProgress else { return }
    toldProgress = progress.processed
    channel.send(progress)
  }

  /// Notes that tokens came: the time since those before, or since it was submitted where they are the first.
  func noteTokens(at time: ContinuousClock.Instant) -> (waited: Duration, isFirst: Bool) {
    defer {
      times.firstToken = times.firstToken ?? time
      times.lastToken = time
    }
    return ((times.lastToken ?? times.submitted).duration(to: time), times.lastToken == nil)
  }

  /// Sends what came of the completion; true if its reader is so far behind that it should pause.
  func sendDelta() -> Bool {
    let delta = completion.takeDelta()
    guard !delta.text.isEmpty || !delta.tokens.isEmpty else { return false }
    return channel.send(delta)
  }

  /// Ends the completion if it goes on, and sends the rest of it; says how it ended.
  func end(_ ending: Ending) -> Ending {
    completion.end(ending)
    _ = sendDelta()
    return completion.ending ?? ending
  }

  /// Tells the reader how it ended.
  func finish(_ ending: Ending, at time: ContinuousClock.Instant) {
    let usage = Usage(promptTokens: promptCount, completionTokens: completionCount, cachedTokens: cachedCount)
    channel.finish(
      .success(
        GenerationSummary(
          finishReason: ending.reason, stopReason: ending.stop, usage: usage, timings: timings(usage, end: time),
          seed: seed, scores: scores.values, vector: vector, endToken: completion.endToken,
          proposedTokens: proposedCount, acceptedTokens: acceptedCount, predictedTokens: guess.predictedCount,
          reasoningTokens: chooser.reasoningCount)))
  }

  private var vector: [Float]? { if case .vector(let values) = verdict { values } else { nil } }

  private func timings(_ usage: Usage, end: ContinuousClock.Instant) -> Timings {
    let started = times.started ?? end
    let firstToken = times.firstToken ?? end
    return Timings(
      usage, queue: times.submitted.duration(to: started), prefill: started.duration(to: firstToken),
      decode: firstToken.duration(to: end))
  }
}
