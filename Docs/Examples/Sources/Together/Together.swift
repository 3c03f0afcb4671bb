import Apus
import Foundation

/// Answers many questions at the same time, and says how fast that went.
@main
struct Together {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first else { return print("usage: Together MODEL.gguf [REQUESTS [TOKENS]]") }
    let numbers = arguments.dropFirst().compactMap { Int($0) }
    let (requests, tokens) = (max(1, numbers.first ?? 8), max(1, numbers.dropFirst().first ?? 128))
    do {
      let model = try await Model.load(path, options: LoadOptions(contextLength: 2048, parallel: requests))
      // The first requests of a process find its memory untouched.
      _ = try await answer(model, requests: requests, tokens: 8)
      let start = ContinuousClock.now
      let count = try await answer(model, requests: requests, tokens: tokens)
      let seconds = start.duration(to: .now) / .seconds(1)
      print("\(requests) requests, \(count) tokens: \(Int(Double(count) / seconds)) tokens/s")
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  /// The tokens that so many requests get altogether; each goes on to its last token.
  static func answer(_ model: Model, requests: Int, tokens: Int) async throws -> Int {
    var options = GenerationOptions.greedy
    (options.maxTokens, options.ignoreEOS, options.speculation) = (tokens, true, .off)
    return try await withThrowingTaskGroup(of: Int.self) { [options] group in
      for number in 0..<requests {
        group.addTask {
          try await model.complete("\(number) is a number that", options: options).usage.completionTokens
        }
      }
      return try await group.reduce(0, +)
    }
  }
}
