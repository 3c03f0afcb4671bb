import Apus
import Foundation

/// Asks a model one question and shows its answer as it comes.
@main
struct Chat {
  static func main() async {
    guard CommandLine.arguments.count > 1 else {
      print("usage: Chat MODEL.gguf [QUESTION]")
      return
    }
    let question = CommandLine.arguments.dropFirst(2).joined(separator: " ")
    do throws(ApusError) {
      try await answer(question.isEmpty ? "What is a swift?" : question, with: CommandLine.arguments[1])
    } catch {
      print("error: \(error)")
    }
  }

  static func answer(_ question: String, with path: String) async throws(ApusError) {
    let model = try await Model.load(path)
    var options = GenerationOptions(maxTokens: 200)
    options.sampling.temperature = 0.7

    for warning in model.information.warnings { print("warning: \(warning)") }

    // A model without a chat template goes on with the text instead; one whose template cannot be used throws.
    let stream =
      model.information.chat == .noTemplate
      ? try model.stream(prompt: question, options: options)
      : try model.streamChat([.user(question)], options: options)
    for try await event in stream {
      switch event {
      case .progress: break
      case .text(let delta): FileHandle.standardOutput.write(Data(delta.text.utf8))
      case .finished(let summary):
        let speed = Int(summary.timings.decodeTokensPerSecond)
        print("\n[\(summary.finishReason.rawValue), \(summary.usage.completionTokens) tokens, \(speed) tokens/s]")
      }
    }
  }
}
