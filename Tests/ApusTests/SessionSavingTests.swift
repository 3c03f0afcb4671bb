internal import Apus
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// Conversations that are saved and go on in another model, as after the end of the program.
struct SessionSavingTests {
  private let tiny: TestModel
  private let folder: TemporaryFolder
  private var path: String { folder.path("conversation") }
  private static let options = SessionOptions(generation: .greedy(20))

  init() throws {
    tiny = try TestModel()
    folder = try TemporaryFolder()
  }

  @Test func `A restored session answers as one that was never interrupted`() async throws {
    let session = try await tiny.load().session(instructions: "Be kind to all who ask.", options: Self.options)
    _ = try await session.respond(to: "Hello. What is your name, and where do you come from?")
    let saved = try await session.save(to: path)
    #expect(saved > 0 && saved.isMultiple(of: 32))
    let restored = try await tiny.load().session(restoring: path, options: Self.options)
    #expect(restored.transcript == session.transcript)
    for question in ["And then?", "Why?"] {
      let (one, other) = (try await session.respond(to: question), try await restored.respond(to: question))
      #expect(one.tokens == other.tokens && one.usage.promptTokens == other.usage.promptTokens)
      #expect(other.usage.cachedTokens > one.usage.cachedTokens - 32)
    }
    #expect(restored.transcript == session.transcript)
  }

  @Test func `A session that has said nothing is saved too`() async throws {
    let session = try await tiny.load().session(options: Self.options)
    #expect(try await session.save(to: path) == 0)
    let restored = try await tiny.load().session(restoring: path, options: Self.options)
    #expect(try await restored.respond(to: "Hello.").tokens == session.respond(to: "Hello.").tokens)
  }

  @Test func `What was said is there even where keys and values are of no use`() async throws {
    let session = try await tiny.load().session(instructions: "Be\u{0} kind.", options: Self.options)
    _ = try await session.respond(to: "\"Quotes\" and \\ and 🐦\nand more")
    try await session.save(to: path)
    let file = try TestModel { $0.seed = 9 }
    defer { withExtendedLifetime(file) {} }
    let other = try await file.load()
    await #expect(throws: ApusError.self) { try await other.session(restoring: path) }
    let transcript = try await Transcript(savedAt: path)
    #expect(transcript == session.transcript)
    _ = try await other.session(transcript: transcript, options: Self.options).respond(to: "Go on.")
  }

  @Test func `A prompt is no conversation`() async throws {
    let model = try await tiny.load()
    try await model.savePrompt([5, 6, 7], to: path)
    let error = await #expect(throws: ApusError.self) { try await model.session(restoring: path) }
    #expect(error?.description.contains("no conversation") == true)
  }

  @Test func `A session with other adapters than the saved one is refused`() async throws {
    let files = try AdaptedModel()
    defer { withExtendedLifetime(files) {} }
    var options = Self.options
    options.generation.adapters = [AdapterChoice("one")]
    let session = try await files.load().session(options: options)
    let answer = try await session.respond(to: "Hello. What is your name, and where do you come from?")
    #expect(try await session.save(to: path) > 0)
    let model = try await files.load()
    let error = await #expect(throws: ApusError.self) { try await model.session(restoring: path) }
    #expect(error?.description.contains("the adapters one") == true)
    let restored = try await model.session(restoring: path, options: options)
    #expect(restored.transcript.entries.last == .response(text: answer.text, finishReason: answer.finishReason))
    #expect(try await restored.respond(to: "Why?").usage.cachedTokens >= 32)
  }

  @Test func `The saved JSON of a transcript is its Codable form`() async throws {
    let session = try await tiny.load().session(instructions: "Be kind.", options: Self.options)
    _ = try await session.respond(to: "Tabs\tand \"quotes\"")
    let coded = try JSONEncoder().encode(session.transcript)
    #expect(Transcript(coded: Array(coded)) == session.transcript)
    #expect(try JSONDecoder().decode(Transcript.self, from: Data(session.transcript.coded)) == session.transcript)
    for text in ["", "{}", "[]", #"{"entries": [{"prompt": {}}]}"#, #"{"entries": [{"song": {"text": "a"}}]}"#] {
      #expect(Transcript(coded: Array(text.utf8)) == nil)
    }
  }
}
