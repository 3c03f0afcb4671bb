internal import Apus

// The code of Apus.docc/Chat.md and Sessions.md: compiled, so that it stays right, and never run.

private func stream(model: Model) async throws {
  let messages: [ChatMessage] = [.system("Be brief."), .user("What is a swift?")]
  for try await event in try model.streamChat(messages, options: GenerationOptions(maxTokens: 200)) {
    switch event {
    case .progress(let progress): print("read \(progress.processed) of \(progress.total) tokens")
    case .text(let delta): print(delta.text, terminator: "")
    case .finished(let summary): print("\n\(summary.finishReason), \(summary.usage.completionTokens) tokens")
    default: break
    }
  }
}

private func options(model: Model) async throws {
  var options = GenerationOptions(maxTokens: 100, seed: 42, stop: ["\n\n"], topLogProbabilities: 3)
  options.sampling = model.information.sampling
  options.sampling?.temperature = 0.2
  let answer = try await model.chat([.user("Name three birds.")], options: options)
  for token in answer.tokens {
    print(model.detokenize([token.id]), token.logProbabilities?.chosen ?? 0)
  }
}

private func cancel(model: Model) async throws {
  let task = Task { try await model.chat([.user("Tell me everything.")]) }
  try await Task.sleep(for: .seconds(2))
  task.cancel()
  let answer = try await task.value
  print(answer.finishReason == .cancelled, answer.text)
}

private func session(model: Model) async throws {
  let session = try model.session(instructions: "You are a guide to the birds of Europe. Be brief.")
  let first = try await session.respond(to: "What is a swift?")
  print(first.text)
  for try await event in session.streamResponse(to: "Where does it sleep?") {
    if case .text(let delta) = event { print(delta.text, terminator: "") }
  }
}

private func perCall(session: ChatSession) async throws {
  let options = GenerationOptions(maxTokens: 50, sampling: .greedy)
  let answer = try await session.respond(to: "In one word: does it ever land?", options: options)
  print(answer.text, answer.usage.cachedTokens, "tokens were not computed again")
}

private func prewarm(model: Model, instructions: String) async throws {
  let session = try model.session(instructions: instructions)
  try await session.prewarm()
}

private func overflow(model: Model) async throws {
  let session = try model.session(options: SessionOptions(overflow: .stop))
  let answer = try await session.respond(to: "Write a long story.")
  if answer.finishReason == .length { print("the context is full") }
}
