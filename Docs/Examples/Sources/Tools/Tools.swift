import Apus
import Foundation

/// Lets a model work on a list of things to do: it calls functions of this program.
@main
struct Tools {
  static func main() async {
    guard CommandLine.arguments.count > 1 else { return print("usage: Tools MODEL.gguf [QUESTION]") }
    let question = CommandLine.arguments.dropFirst(2).joined(separator: " ")
    do throws(ApusError) {
      let model = try await Model.load(CommandLine.arguments[1])
      try await answer(question.isEmpty ? "Put milk and bread on my list, then read it to me." : question, with: model)
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  static func answer(_ question: String, with model: Model) async throws(ApusError) {
    let list = ThingsToDo()
    let session = try model.session(
      instructions: "You keep the user's list of things to do.",
      tools: [
        ToolFunction("add", "Puts a thing on the list.") { (thing: Thing) in try await list.add(thing) },
        ToolFunction("read", "Reads the list.") { await list.things },
      ],
      options: SessionOptions(overflow: .stop))
    for try await event in session.streamResponse(to: question) {
      switch event {
      case .text(let delta): FileHandle.standardOutput.write(Data(delta.text.utf8))
      case .toolCall(let call): print("[\(call.name) \(call.arguments)]")
      case .toolResult(let result): print(result.isError ? "[failed: \(result.text)]" : "[\(result.text)]")
      case .finished(let summary): print("\n[\(summary.finishReason.rawValue)]")
      default: break
      }
    }
  }
}

/// One thing to do; what the model gives.
struct Thing: Codable, Sendable {
  let what: String
  let isUrgent: Bool?
}

/// What is kept between calls, which may come at the same time.
actor ThingsToDo {
  private(set) var things: [Thing] = []

  func add(_ thing: Thing) throws -> String {
    guard !things.contains(where: { $0.what == thing.what }) else { throw Problem.isThere(thing.what) }
    things.append(thing)
    return "\(things.count) on the list"
  }

  /// What the model is told.
  enum Problem: Error, CustomStringConvertible {
    case isThere(String)

    var description: String {
      switch self {
      case .isThere(let what): "\(what) is on the list already"
      }
    }
  }
}
