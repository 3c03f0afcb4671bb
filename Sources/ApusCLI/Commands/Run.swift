internal import Apus
internal import ArgumentParser

/// `apus run`: one answer, or a chat.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers a prompt, or chats.",
    discussion: """
      With a prompt it answers and ends; without one it starts a chat:

        apus run model.gguf "Why is the sky blue?"
        apus run model.gguf --system "Answer in one word." --temperature 0 "The capital of France?"
        apus run model.gguf --file letter.txt "Summarize this letter."
        apus run model.gguf

      Files and standard input are UTF-8. How they are stored is no part of the prompt: a byte order mark is dropped, \
      line ends are one character, and one at the very end does not count.

      A model without a chat template is asked in ChatML where its vocabulary has the marks <|im_start|> and \
      <|im_end|>; else it continues the prompt, as with --raw. One whose template cannot be used fails.

      The answer goes to standard output, all else to standard error. Ctrl-C stops an answer.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(help: "The prompt; standard input where it is '-', or where there is none and no terminal.")
  var prompt: String?

  @Option(help: ArgumentHelp("Instructions that stand before the conversation.", valueName: "text"))
  var system: String?
  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("A text file to add to the prompt.", valueName: "path"))
  var file: String?
  @Flag(help: "Complete the prompt as it is, without the model's chat template.") var raw = false
  @Flag(
    help: """
      With --raw: take the names of control tokens in the prompt for those tokens. Only for a prompt that writes the \
      model's format itself: text of others in it could do the same.
      """)
  var parseSpecial = false
  @Flag(help: "Chat even where standard input is no terminal: one message a line.") var chat = false
  @Option(
    help: ArgumentHelp(
      "Chat on from this file, and save the conversation there at the end, with all that was computed.",
      valueName: "path"))
  var session: String?
  @Flag(help: "Answer with one JSON object: text, usage and timings.") var json = false
  @Flag(help: "Show the speed on standard error even where it is no terminal.") var stats = false

  @OptionGroup(title: "Generation options") var generation: GenerationArguments
  @OptionGroup(title: "Generation options") var constraint: ConstraintArguments
  @OptionGroup(title: "Loading options") var load: LoadArguments
  @OptionGroup(title: "Loading options") var adapters: AdapterArguments

  func validate() throws {
    if chat, prompt != nil || file != nil || json {
      throw ValidationError("--chat reads its messages from standard input: leave out the prompt, --file and --json")
    }
    if raw, system != nil || chat {
      throw ValidationError("--raw completes a plain text: leave out --system and --chat, or --raw")
    }
    if session != nil, prompt != nil || file != nil || json || raw {
      throw ValidationError("--session is for a chat: leave out the prompt, --file, --json and --raw")
    }
    if parseSpecial, !raw { throw ValidationError("--parse-special needs --raw: a chat template marks turns itself") }
  }

  func run() async throws {
    let text = try promptText()
    if json, text == nil { throw Failure("--json needs a prompt: give one, or use --file", code: Failure.usage) }
    try generation.options(usual: SamplingOptions()).validate()
    let model = try await loadModel()
    try model.information.purpose.requireGeneration(path: self.model.path, instead: "use apus embed")
    StandardError.warn(model.information.warnings.filter { !raw || $0.topic != .chat })
    var options = generation.options(usual: model.information.sampling)
    options.adapters = adapters.choices
    options.constraint = try constraint.constraint
    let chats = try !raw && canChat(model, self.model.path, system: system)
    guard let text else {
      let chat = try await Chat(
        model: model, options: options, system: system, answers: chats, path: session, showsStatistics: stats)
      return try await chat.run()
    }
    let format = chats ? OneAnswer.Format.chat : .raw(parseSpecial: parseSpecial)
    try await OneAnswer(model: model, options: options, system: system, format: format, output: outputStyle).run(text)
  }

  /// The prompt from argument, file and standard input; nil for a chat.
  private func promptText() throws -> String? {
    var parts: [String] = []
    if prompt == "-" || (prompt == nil && file == nil && !chat && session == nil && !Terminal.isInput) {
      let text = try StoredText.promptText(Input().readAll(), from: "standard input")
      guard !text.isEmpty else {
        throw Failure("standard input is empty: give a prompt, or --chat to read messages", code: Failure.usage)
      }
      parts.append(text)
    } else if let prompt {
      parts.append(prompt)
    }
    if let file {
      let text = try StoredText.promptText(readFile(file), from: file)
      guard !text.isEmpty else { throw Failure("\(file) is empty: give a file with a text", code: Failure.usage) }
      parts.append(text)
    }
    return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
  }

  private var outputStyle: OneAnswer.Style { json ? .json : .text(showsStatistics: stats || Terminal.isError) }

  private func loadModel() async throws -> Model {
    let bar = ProgressBar("loading")
    defer { bar.finish() }
    var options = load.options
    options.adapters = adapters.adapters
    return try await Model.load(model.path, options: options) { bar.update($0.loadedBytes, of: $0.totalBytes) }
  }
}
