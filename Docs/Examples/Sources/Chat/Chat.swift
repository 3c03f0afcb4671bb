import Apus
import Foundation

/// Asks a model one question and shows its answer as it comes.
@main
struct Chat {
  static func main() async {
    guard CommandLine.arguments.count > 1 else { return print("usage: Chat MODEL.gguf [QUESTION]") }
    let question = CommandLine.arguments.dropFirst(2).joined(separator: " ")
    do throws(ApusError) {
      try await answer(question.isEmpty ? "What is a swift?" : question, with: CommandLine.arguments[1])
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  static func answer(_ question: String, with path: String) async throws(ApusError) {
    let session = try await Model.load(path).session(options: SessionOptions(overflow: .stop))
    for try await event in session.streamResponse(to: question) {
      switch event {
      case .text(let delta): FileHandle.standardOutput.write(Data(delta.text.utf8))
      case .finished(let summary):
        print("\n[\(summary.finishReason.rawValue), \(summary.usage.completionTokens) tokens]")
      default: break
      }
    }
  }
}
