internal import Apus

/// A conversation with a model.
struct Chat {
  let model: Model
  private var options: GenerationOptions
  private let system: String?
  /// The conversation; nil where each line is a text to go on with, and nothing is remembered.
  private var session: ChatSession?
  private let showsStatistics: Bool

  /// A person at a terminal sees statistics always, others only with `showsStatistics`.
  init(model: Model, options: GenerationOptions, system: String?, answers: Bool, showsStatistics: Bool) throws {
    self.model = model
    self.options = options
    self.system = system
    session = answers ? try model.session(transcript: Self.beginning(system), options: Self.sessionOptions) : nil
    self.showsStatistics = showsStatistics || (Terminal.isError && Terminal.isInput)
  }

  /// Answers until the person leaves.
  consuming func run() async throws {
    let isEditable = Terminal.isInput && Terminal.isError && Terminal.canMoveCursor
    let prompter: any Prompter = isEditable ? LineEditor() : PlainPrompter()
    note(greeting)
    while let line = try prompter.nextLine() {
      let command = ChatCommand(line)
      if command == .leave { return }
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
  private static let sessionOptions = SessionOptions(overflow: .stop)

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
      try restart(Self.beginning(system))
      note("The conversation is forgotten.")
    case .save(let path):
      let transcript = try remembered()
      try transcript.save(to: path)
      note("\(transcript.entries.count) messages are in \(path).")
    case .load(let path):
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
    _ = try remembered()
    session = try model.session(transcript: transcript, options: Self.sessionOptions)
  }

  private func say(_ text: String) async throws {
    guard !text.isEmpty else { return }
    let answer: Answer
    if let session {
      let events = session.streamResponse(to: text, options: options)
      answer = try await AnswerPrinter().print(events, cancel: session.cancel)
    } else {
      let stream = try model.stream(prompt: text, options: options)
      answer = try await AnswerPrinter().print(stream, cancel: stream.cancel)
    }
    AnswerReport(answer.summary, options, model).write(withStatistics: showsStatistics)
  }
}
