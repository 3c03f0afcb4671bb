internal import Apus

extension GenerationRun {
  /// The whole answer, when all choices have ended; throws where the work was ended before anything was produced.
  func whole(_ encoder: any AnswerEncoder, _ keeper: AnswerKeeper) async throws -> WholeReply {
    let choices = try await results()
    var usage = UsageCount()
    for (choice, result) in choices.enumerated() {
      guard let summary = result.summary else { continue }
      usage.add(summary, choice: choice, of: plan)
    }
    let cut = choices.first { $0.end.error != nil }?.end
    if usage.completionTokens == 0 || cut == .clientLeft, let error = cut?.error { throw error }
    if let cut { outcome.note(cut) }
    var encoder = encoder
    for result in choices { await keeper.keep(result, of: &encoder) }
    return encoder.whole(choices, usage)
  }

  /// Waits for the end of all completions, and puts them together, in their order.
  private func results() async throws -> [ChoiceResult] {
    try await withThrowingTaskGroup(of: (Int, ChoiceResult).self) { tasks in
      let streams = streams
      for (choice, stream) in streams.enumerated() {
        tasks.addTask { (choice, try await self.result(of: stream, choice)) }
      }
      var results = streams.map { _ in ChoiceResult() }
      for try await (choice, result) in tasks { results[choice] = result }
      return results
    }
  }

  private func result(of stream: GenerationStream, _ choice: Int) async throws -> ChoiceResult {
    var result = ChoiceResult()
    var reading = plan.makeReading()
    for try await event in stream {
      note(event, of: choice)
      switch event {
      case .progress: break
      case .text(let delta):
        _ = reading.feed(delta)
        result.tokens += delta.tokens
      case .finished(let summary):
        result.summary = summary
        result.end = await end(of: choice, summary)
      }
    }
    _ = reading.finish(result.summary)
    result.turn = reading.turn
    return result
  }
}
