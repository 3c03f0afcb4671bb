internal import Apus

/// The completions that one request asks for: `count` of each prompt, all at the same time as far as the engine has room.
struct GenerationPlan: Sendable {
  /// Keeps the model loaded until the last completion has ended.
  let lease: ModelLease
  let prompts: [[Token]]
  let count: Int
  let options: GenerationOptions
  /// Whether the tokens of the prompts get scores, all but the first of each.
  var scoresPrompts = false

  /// Completions of all prompts together; number `prompt * count + k` is the k-th of its prompt.
  var choiceCount: Int { prompts.count * count }

  /// Starts all completions, in order.
  ///
  /// May take the time of a pass over the vocabulary for each; those begun end where one is refused.
  func start(_ shouldStop: Preparation.ShouldStop) throws(ApusError) -> [GenerationStream] {
    var streams: [GenerationStream] = []
    for choice in 0..<choiceCount {
      if shouldStop() { throw .stopped }
      streams.append(try start(choice))
    }
    return streams
  }

  /// Starts the completion of that number; those of one prompt differ by their seed.
  private func start(_ choice: Int) throws(ApusError) -> GenerationStream {
    var options = options
    options.seed = options.seed.map { $0 &+ UInt64(choice % count) }
    let request = GenerationRequest(
      prompt: prompts[choice / count], options: options, scoresFrom: scoresPrompts ? 1 : nil)
    return try lease.model.engine.submit(request)
  }
}
