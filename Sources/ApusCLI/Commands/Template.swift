internal import Apus
internal import ApusGGUF
internal import ApusJSON
internal import ApusModels
internal import ApusTemplates
internal import ApusText
internal import ApusTokenizers
internal import ArgumentParser

/// `apus template`: messages to a prompt.
struct Template: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the prompt that a chat template makes of messages.",
    discussion: """
      Reads the messages as a JSON array from a file or standard input:

        echo '[{"role": "user", "content": "Hello"}]' | apus template model.gguf

      With --jsonl it reads one JSON object a line, {"messages": […]}, and answers each with {"text": "…"}, or with \
      {"error": "…"}. "tools", "add_generation_prompt", "bos_token", "eos_token" and any other variable of the template \
      may stand beside the messages.

      For a model without a template that is asked in ChatML it shows that prompt.
      """)

  @Argument(
    help: "The model: a GGUF file or the name of one in the model folder; or a template of its own, *.jinja.",
    completion: .file(extensions: ["gguf", "jinja"]))
  var model: String

  @Option(help: ArgumentHelp("A file with the messages; standard input where there is none.", valueName: "file"))
  var messages: String?

  @Option(help: ArgumentHelp("A file with the tools' definitions, a JSON array.", valueName: "file"))
  var tools: String?

  @Flag(help: "Leave out the beginning of the model's answer.") var noGenerationPrompt = false

  @Option(
    help: ArgumentHelp("The local time for templates that ask: 2024-07-26T12:34:56. (default: now)", valueName: "time"))
  var now: String?

  @Flag(help: "Read JSON objects from standard input, one a line.") var jsonl = false

  func validate() throws {
    if jsonl, messages != nil || tools != nil {
      throw ValidationError("--jsonl reads messages and tools from standard input: leave out --messages and --tools")
    }
    if let now, TemplateClock(iso8601: now) == nil {
      throw ValidationError("--now must be a time such as 2024-07-26T12:34:56, not '\(now)'")
    }
  }

  func run() throws {
    let source = try TemplateSource(path: ModelFolder.resolve(model))
    let template = try ChatTemplate(source: source.text)
    if jsonl {
      return try JSONLines().answer { ["text": .string(try render($0, template, source))] }
    }
    var object = try conversation(try JSONParser.parse(try messages.map(readFile) ?? Input().readAll()))
    if let tools { object["tools"] = try JSONParser.parse(try readFile(tools)) }
    let output = Output()
    try output.write(try render(.object(object), template, source))
    if Terminal.isOutput { try output.writeLine() }
    try output.flush()
  }

  private static func time(_ text: String) throws(Failure) -> TemplateClock {
    guard let time = TemplateClock(iso8601: text) else {
      throw Failure("now must be a time such as 2024-07-26T12:34:56")
    }
    return time
  }

  /// Messages alone, or with other variables beside them.
  private func conversation(_ value: JSONValue) throws(Failure) -> JSONObject {
    switch value {
    case .array: JSONObject([("messages", value)])
    case .object(let object): object
    default: throw Failure("expected a JSON array of messages, or an object that has it as messages")
    }
  }

  private func render(_ object: JSONValue, _ template: ChatTemplate, _ source: TemplateSource) throws -> String {
    guard case .object(let members) = object else { throw Failure("expected a JSON object") }
    if members["messages"] == nil, source.isOfModel { throw Failure("the field messages is missing") }
    var variables = JSONObject([("tools", .null), ("add_generation_prompt", .bool(!noGenerationPrompt))])
    variables["bos_token"] = source.beginning.map { .string($0) }
    variables["eos_token"] = source.end.map { .string($0) }
    for (key, value) in zip(members.keys, members.values) { variables[key] = value }
    let clock = try (try object.text("now")).map(Self.time)
    return try template.render(
      Array(zip(variables.keys, variables.values)),
      clock: clock ?? now.flatMap(TemplateClock.init(iso8601:)) ?? systemLocalTime()
    ).string
  }
}

/// A template with what its model says beside it.
private struct TemplateSource {
  let text: String
  let isOfModel: Bool
  var beginning: String?
  var end: String?

  /// The template at `path`: of a model file, or in a file of its own.
  init(path: String) throws {
    if path.utf8.suffix(6).elementsEqual(".jinja".utf8) {
      text = try StoredText.text(try readFile(path), from: path)
      isOfModel = false
      return
    }
    let file = try GGUFFile.open(path: path)
    let source = ChatTemplateSource(file.metadata)
    let vocabulary = try Vocabulary(file.metadata)
    text = try Self.text(of: source, vocabulary, path)
    StandardError.warn(ModelWarning.warnings(about: source, vocabulary, path: path))
    isOfModel = true
    beginning = Self.name(of: .beginningOfSequence, vocabulary)
    end = Self.name(of: .endOfSequence, vocabulary)
  }

  /// The template that a chat with the model uses.
  private static func text(
    of source: ChatTemplateSource, _ vocabulary: Vocabulary, _ path: String
  ) throws(Failure) -> String {
    switch source {
    case .text(let text): return text
    case _ where source.isReplacedByChatML(vocabulary): return ChatFormat.chatML
    case .absent: throw Failure("\(path) has no chat template: give the path of a .jinja file instead")
    case .blank: throw Failure("\(path) has an empty chat template: give the path of a .jinja file instead")
    case .onlyNamed: throw Failure("\(path) has chat templates for special uses only: give the path of a .jinja file")
    case .unreadable(let reason): throw Failure(reason)
    }
  }

  private static func name(of role: SpecialToken, _ vocabulary: Vocabulary) -> String? {
    vocabulary[role].map { String(decoding: vocabulary.texts[Int($0)], as: UTF8.self) }
  }
}
