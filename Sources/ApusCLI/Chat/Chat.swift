internal import Apus

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A conversation with a model.
struct Chat {
  let model: Model
  private var options: GenerationOptions
  private let system: String?
  /// Where the conversation is kept with all that was computed; nil for nowhere.
  private let path: String?
  /// The conversation; nil where each line is a text to go on with, and nothing is remembered.
  private var session: ChatSession?
  private let showsStatistics: Bool

  /// A person at a terminal sees statistics always, others only with `showsStatistics`.
  ///
  /// With a `path` the conversation goes on that is saved there, and is saved there at the end.
  init(
    model: Model, options: GenerationOptions, system: String?, answers: Bool, path: String? = nil,
    showsStatistics: Bool
  ) async throws {
    self.model = model
    self.options = options
    self.system = system
    self.path = path
    self.showsStatistics = showsStatistics || (Terminal.isError && Terminal.isInput)
    guard answers else {
      if path != nil { throw Failure("--session needs a model that can chat", code: Failure.usage) }
      return
    }
    try restart(Self.beginning(system))
    guard let path, FileManager.default.fileExists(atPath: path) else { return }
    guard system == nil else {
      throw Failure("\(path) has its own instructions: leave out --system, or give another file", code: Failure.usage)
    }
    session = try await restored(path)
  }

  /// The conversation in a file: what was said at least, where keys and values are of no use here.
  private func restored(_ path: String) async throws -> ChatSession {
    do {
      return try await model.session(restoring: path, options: sessionOptions)
    } catch ApusError.cannotRestore(_, let reason) {
      let transcript = try await Transcript(savedAt: path)
      StandardError.write("Warning: \(reason). What was said is computed again.\n")
      return try model.session(transcript: transcript, options: sessionOptions)
    }
  }

  /// Answers until the person leaves; what was said is saved then, and where an error ends it.
  consuming func run() async throws {
    do {
      try await talk()
    } catch {
      if let path { try await session?.save(to: path) }
      throw error
    }
    if let path { try await session?.save(to: path) }
  }

  private mutating func talk() async throws {
    let isEditable = Terminal.isInput && Terminal.isError && Terminal.canMoveCursor
    let prompter: any Prompter = isEditable ? LineEditor() : PlainPrompter()
    note(greeting)
    while let line = try prompter.nextLine() {
      let command = ChatCommand(line)
      if command == .leave { break }
      do {
        try await obey(command)
      } catch let error as OutputError {
        throw error
      } catch let error where Terminal.isInput {
        StandardError.write("Error: \(advice(for: error))\n")
      }
    }
  }

  /// An answer that meets the end of the context is cut, and `AnswerReport` says so.
  private var sessionOptions: SessionOptions { SessionOptions(generation: options, overflow: .stop) }

  private static func beginning(_ system: String?) -> Transcript {
    Transcript(entries: system.map { [.instructions(text: $0)] } ?? [])
  }

  private func advice(for error: any Error) -> String {
    guard case ApusError.contextLengthExceeded? = error as? ApusError, session?.transcript.entries.isEmpty == false
    else {
      return "\(error)"
    }
    return "the conversation is too long for the context: forget it with /reset, or start with a larger --context"
  }

  private var greeting: String {
    "\(Terminal.harmless(model.information.name)): write a message, or /help."
  }

  /// Tells a person something; nobody else.
  private func note(_ text: String) {
    if Terminal.isInput { StandardError.write(text + "\n") }
  }

  private mutating func obey(_ command: ChatCommand) async throws {
    switch command {
    case .say(let text): try await say(text)
    case .help: note(ChatCommand.overview)
    case .show: note(Settings.description(of: options))
    case .leave: break
    case .unknown(let advice): throw Failure(advice)
    case .reset:
      _ = try remembered()
      try restart(Self.beginning(system))
      note("The conversation is forgotten.")
    case .save(let path):
      let transcript = try remembered()
      try transcript.save(to: path)
      note("\(transcript.entries.count) messages are in \(path).")
    case .load(let path):
      _ = try remembered()
      try restart(Transcript(path: path))
      note("\(try remembered().entries.count) messages were read.")
    case .set(let name, let value):
      try Settings.set(name, to: value, in: &options)
      note("\(name) is set.")
    }
  }

  private func remembered() throws(Failure) -> Transcript {
    guard let session else { throw Failure("nothing is remembered here: each line is a text of its own") }
    return session.transcript
  }

  /// Goes on from `transcript`.
  private mutating func restart(_ transcript: Transcript) throws {
    session = try model.session(transcript: transcript, options: sessionOptions)
  }

  private func say(_ text: String) async throws {
    guard !text.isEmpty else { return }
    let answer: Answer
    if let session {
      let events = session.streamResponse(to: text, options: options)
      answer = try await AnswerPrinter().print(events, cancel: session.cancel)
    } else {
      let stream = try model.stream(prompt: text, options: options)
      answer = try await AnswerPrinter().print(stream.map(ChatEvent.init), cancel: stream.cancel)
    }
    AnswerReport(answer.summary, options, model).write(withStatistics: showsStatistics)
  }
}
