import Apus
import Foundation

/// Asks a model one question and shows its answer as it comes.
@main
struct Chat {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first else { return print("usage: Chat MODEL.gguf [QUESTION]") }
    let question = arguments.dropFirst().joined(separator: " ")

    let session = try await Model.load(path).session(options: SessionOptions(overflow: .stop))
    for try await event in session.streamResponse(to: question.isEmpty ? "What is a swift?" : question) {
      switch event {
      case .progress: break
      case .text(let delta): FileHandle.standardOutput.write(Data(delta.text.utf8))
      case .finished(let summary):
        print("\n[\(summary.finishReason.rawValue), \(summary.usage.completionTokens) tokens]")
      }
    }
  }
}
