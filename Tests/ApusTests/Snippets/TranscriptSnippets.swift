internal import Apus
internal import Foundation

// The code of Apus.docc/Sessions.md that stores transcripts: compiled, so that it stays right, and never run.

private func save(session: ChatSession, file: URL) throws {
  try JSONEncoder().encode(session.transcript).write(to: file)
}

private func restore(model: Model, file: URL) throws -> ChatSession {
  let transcript = try JSONDecoder().decode(Transcript.self, from: Data(contentsOf: file))
  return try model.session(transcript: transcript)
}
