internal import Apus
internal import Foundation

// The code of Apus.docc/Sessions.md that stores transcripts and conversations: compiled, so that it stays right, and never run.

private func save(session: ChatSession, file: URL) throws {
  try JSONEncoder().encode(session.transcript).write(to: file)
}

private func restore(model: Model, file: URL) throws -> ChatSession {
  let transcript = try JSONDecoder().decode(Transcript.self, from: Data(contentsOf: file))
  return try model.session(transcript: transcript)
}

private func saveAll(session: ChatSession, model: Model) async throws {
  try await session.save(to: "birds.apus")
  _ = try await model.session(restoring: "birds.apus", options: session.options)
}

private func goOn(model: Model, options: SessionOptions) async throws -> ChatSession {
  do {
    return try await model.session(restoring: "birds.apus", options: options)
  } catch ApusError.cannotRestore(_, let reason) {
    print(reason)
    return try model.session(transcript: try await Transcript(savedAt: "birds.apus"), options: options)
  }
}

private func prompt(model: Model, document: String) async throws {
  let tokens = model.tokenize(document)
  _ = try await model.stream(tokens: tokens, options: GenerationOptions(maxTokens: 0)).completion()
  try await model.savePrompt(tokens, to: "document.apus")
}
