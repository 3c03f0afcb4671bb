internal import Apus

/// A conversation with a model.
struct Chat {
  let model: Model
  private var options: GenerationOptions
  private let system: String?
  private var conversation: Conversation
  /// Whether messages go through the chat template; else each line is a text to go on with.
  private let answers: Bool
  private let showsStatistics: Bool

  /// A person at a terminal sees statistics always, others only with `showsStatistics`.
  init(model: Model, options: GenerationOptions, system: String?, answers: Bool, showsStatistics: Bool) {
    self.model = model
    self.options = options
    self.system = system
    conversation = Conversation(system: system)
    self.answers = answers
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

  private func advice(for error: any Error) -> String {
    guard case ApusError.contextLengthExceeded? = error as? ApusError, conversation.messages.count > 1 else {
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
      conversation = Conversation(system: system)
      note("The conversation is forgotten.")
    case .save(let path):
      try conversation.save(to: path)
      note("\(conversation.messages.count) messages are in \(path).")
    case .load(let path):
      conversation = try Conversation(path: path)
      note("\(conversation.messages.count) messages were read.")
    case .set(let name, let value):
      try Settings.set(name, to: value, in: &options)
      note("\(name) is set.")
    }
  }

  private mutating func say(_ text: String) async throws {
    guard !text.isEmpty else { return }
    let stream: GenerationStream
    if answers {
      stream = try model.streamChat(conversation.messages + [.user(text)], options: options)
    } else {
      stream = try model.stream(prompt: text, options: options)
    }
    let answer = try await AnswerPrinter().print(stream)
    conversation.messages += [.user(text), .assistant(answer.text)]
    AnswerReport(answer.summary, options, model).write(withStatistics: showsStatistics)
  }
}
