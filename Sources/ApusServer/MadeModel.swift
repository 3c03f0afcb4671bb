internal import Apus
internal import ApusJSON
internal import ApusText

/// What was made of a model under a name of its own: what stands before each chat with it, and how it answers.
///
/// The model itself is not touched: its weights and what it computes are shared by all that was made of it.
struct MadeModel: Sendable {
  /// The most bytes of all its texts together, as they are kept until the server ends.
  static let byteLimit = 64 << 10

  /// The system message of chats that have none; empty for none.
  private(set) var system = ""
  /// The chat template; nil for the model's own.
  private(set) var template: String?
  /// Options of requests that name none, under Ollama's names.
  private(set) var parameters = JSONObject()
  /// What was said before each chat.
  private(set) var messages: [ChatMessage] = []
  private(set) var licences: [String] = []
  /// Adapters of requests that name none, by their names.
  private(set) var adapters: [String] = []
  /// For whom models keep what they make of the template; another one where that is another.
  private var owner = MannerOwner()

  /// What the fields of a request make of a model with adapters of these names, of which `base` was made before; nil for
  /// nothing.
  init?(
    _ fields: RequestFields, of base: MadeModel?, adapters known: [String], _ limits: RequestLimits
  ) throws(Refusal) {
    if let base { self = base } else { self.init() }
    system = try fields.string("system") ?? system
    if let text = try fields.string("template"), !text.isEmpty {
      // Before anything is made of it.
      guard text.utf8.count <= Self.byteLimit else { throw Self.tooLarge }
      if let fault = ChatManner.fault(inTemplate: text) { throw Self.noTemplate(text, fault) }
      (template, owner) = (text, MannerOwner())
    }
    try take(fields.members("parameters"), fields, limits)
    messages = fields["messages"] == nil ? messages : try fields.ollamaMessages(limits)
    licences = fields["license"] == nil ? licences : try Self.licences(fields)
    try take(adapters: fields.members("adapters"), among: known)
    if isEmpty { return nil }
    let texts = [system, template ?? "", parameters.text] + licences + messages.flatMap(\.texts)
    guard texts.reduce(0, { $0 + $1.utf8.count }) <= Self.byteLimit else { throw Self.tooLarge }
  }

  private static let tooLarge = Refusal.invalid(
    nil, "a model's system, template, parameters, messages and license may have \(byteLimit) bytes")

  private init() {}

  private var isEmpty: Bool {
    system.isEmpty && template == nil && parameters.count == 0 && messages.isEmpty && licences.isEmpty
      && adapters.isEmpty
  }

  private mutating func take(
    _ given: JSONObject?, _ fields: RequestFields, _ limits: RequestLimits
  ) throws(Refusal) {
    guard let given else { return }
    // Of one text an option of several is made, as clients write both.
    var typed = JSONObject()
    for (name, value) in zip(given.keys, given.values) where value != .null {
      if name == "stop", case .string = value { typed[name] = [value] } else { typed[name] = value }
    }
    let checked = fields.nested(typed, "parameters")
    _ = try checked.asOllamaOptions(usual: SamplingOptions(), vocabularySize: Int(Int32.max), limits)
    for (name, value) in zip(typed.keys, typed.values) { parameters[name] = value }
  }

  /// Ollama has a file for each; here they are those that the server was started with.
  private mutating func take(adapters given: JSONObject?, among known: [String]) throws(Refusal) {
    guard let given else { return }
    if let name = given.keys.first(where: { !known.contains($0) }) {
      let shown = name.shortened(toByteCount: 64)
      throw .invalid(
        "adapters", "adapters has '\(shown)', with which the server was not started: name it by --lora NAME=FILE first")
    }
    adapters = given.keys
  }

  private static func licences(_ fields: RequestFields) throws(Refusal) -> [String] {
    if case .string(let text)? = fields["license"] { return text.isEmpty ? [] : [text] }
    var texts: [String] = []
    for value in try fields.array("license") ?? [] {
      guard case .string(let text) = value else { throw fields.mismatch("license", "a text or an array of texts") }
      texts.append(text)
    }
    return texts
  }

  /// Ollama's own templates are in Go's syntax, which nothing here runs.
  private static func noTemplate(_ text: String, _ fault: String) -> Refusal {
    let isGo = ["{{ .", "{{.", "{{- .", "{{ if .", "{{- if .", "{{- range ", "{{ range "].contains { text.contains($0) }
    guard isGo else { return .invalid("template", "template is no Jinja template: \(fault)") }
    return .invalid(
      "template",
      "template is in Go's syntax, which cannot be run here: write it in Jinja, or leave it out and have the model's own"
    )
  }

  // MARK: How it is used

  /// A conversation behind what was said before it.
  ///
  /// A system message of the conversation's own counts in place of this one's, and stays first.
  func conversation(_ own: [ChatMessage]) -> [ChatMessage] {
    guard own.first?.role == .system else {
      return (system.isEmpty ? [] : [.system(system)]) + messages + own
    }
    return own.prefix(1) + messages + own.dropFirst()
  }

  /// The same use of a model, which chats and samples as this one does, and the options of requests that name none.
  func use(
    _ lease: ModelLease, _ limits: RequestLimits
  ) throws(Refusal) -> (lease: ModelLease, options: GenerationOptions) {
    let (model, information) = (lease.model, lease.model.information)
    var options = try RequestFields(parameters).asOllamaOptions(
      usual: information.sampling, vocabularySize: information.vocabularySize, limits)
    options.adapters = adapters.map { AdapterChoice($0) }
    let manner = template.map { model.manner(template: $0, for: owner) }
    return (ModelLease(lease, as: model.with(manner, sampling: options.sampling)), options)
  }
}

extension ChatMessage {
  /// All that it says.
  fileprivate var texts: [String] {
    [content, reasoning ?? "", toolName ?? "", toolCallID ?? ""] + toolCalls.flatMap { [$0.id, $0.name, $0.arguments] }
  }
}
