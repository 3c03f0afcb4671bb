internal import Apus

/// The completions that one request asks for: `count` of each prompt, one after the other.
struct GenerationPlan: Sendable {
  let model: Model
  let prompts: [[Token]]
  let count: Int
  let options: GenerationOptions

  /// Completions of all prompts together; number `prompt * count + k` is the k-th of its prompt.
  var choiceCount: Int { prompts.count * count }

  /// Starts the completion of that number; those of one prompt differ by their seed.
  ///
  /// May take the time of a pass over the vocabulary.
  func start(_ choice: Int) throws(ApusError) -> GenerationStream {
    var options = options
    options.seed = options.seed.map { $0 &+ UInt64(choice % count) }
    return try model.stream(tokens: prompts[choice / count], options: options)
  }
}
