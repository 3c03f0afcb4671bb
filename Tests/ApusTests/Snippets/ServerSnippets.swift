internal import Apus

// The code of Apus.docc/Server.md: compiled, so that it stays right, and never run.

private func load(path: String) async throws -> Model {
  try await Model.load(path, options: LoadOptions(queueLimit: 32, readerStall: .seconds(30)))
}

private func answer(
  _ messages: [ChatMessage], with model: Model, write: (String) async throws -> Void
) async throws {
  for try await event in try model.streamChat(messages, options: GenerationOptions(maxTokens: 500)) {
    switch event {
    case .text(let delta): try await write(delta.text)
    case .finished(let summary): print(summary.usage, summary.timings)
    default: break
    }
  }
}

private func status(of error: ApusError) -> Int {
  switch error {
  case .invalidRequest, .invalidText, .contextLengthExceeded, .noChatTemplate, .chatTemplate: 400
  case .queueFull: 429
  case .unknownModel: 404
  case .shuttingDown, .modelsInUse: 503
  default: 500
  }
}

private func end(model: Model) async {
  await model.drain()
}
