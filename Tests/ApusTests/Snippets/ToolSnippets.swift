internal import Apus

// The code of Apus.docc/Tools.md: compiled, so that it stays right, and never run.

private func call(model: Model) async throws {
  struct Place: Decodable { let city: String }
  let weather = ToolFunction("weather", "The weather in a city now.") { (place: Place) in
    "18 °C in \(place.city)"
  }
  let session = try model.session(tools: [weather])
  print(try await session.respond(to: "Do I need a coat in Rome?").text)
}

private enum Stated {
  struct Search: Tool {
    struct Arguments: StructuredOutput {
      let words: String
      let count: Int?
      static let outputSchema = OutputSchema.object(
        ["words": .string("What to look for."), "count": .integer("How many at most.", in: 1...20)],
        optional: ["count"])
    }
    let name = "search"
    let description = "Finds notes of the user by words in them."
    let notes: [String]

    func call(_ arguments: Arguments) async throws -> [String] {
      Array(notes.filter { $0.contains(arguments.words) }.prefix(arguments.count ?? 5))
    }
  }
}

private func choose(session: ChatSession) async throws {
  let options = GenerationOptions(maxTokens: 300, toolChoice: .function("weather"))
  let answer = try await session.respond(to: "Do I need a coat in Rome?", options: options)
  print(answer.toolCalls.map(\.arguments), answer.text)
}

private func show(session: ChatSession, question: String) async throws {
  for try await event in session.streamResponse(to: question) {
    switch event {
    case .text(let delta): print(delta.text, terminator: "")
    case .toolCall(let call): print("[\(call.name) \(call.arguments)]")
    case .toolResult(let result): print(result.isError ? "[failed: \(result.text)]" : "[done]")
    case .finished(let summary): print("\n\(summary.finishReason)")
    default: break
    }
  }
}

private func callYourself(model: Model, weather: some Tool) async throws {
  var messages: [ChatMessage] = [.user("Do I need a coat in Rome?")]
  let answer = try await model.chat(messages, tools: [try weather.definition])
  messages.append(ChatMessage(role: .assistant, content: answer.text, toolCalls: answer.toolCalls))
  for call in answer.toolCalls {
    messages.append(ChatMessage(role: .tool, content: "18 °C", toolCallID: call.id, toolName: call.name))
  }
  print(try await model.chat(messages, tools: [try weather.definition]).text)
}
