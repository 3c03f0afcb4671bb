internal import Apus
internal import ApusJSON
internal import ApusText

/// What an answer's text must be, and the field that says so.
typealias NamedConstraint = (name: String, constraint: OutputConstraint)

/// What an answer's text must be, in the fields of OpenAI, vLLM and llama.cpp.
extension RequestFields {
  /// The most texts of which an answer may have to be one.
  private static let choiceLimit = 10_000

  /// The one constraint that the request has, where the dialect may have found one by its own fields; nil for none.
  func constraint(beside own: NamedConstraint? = nil) throws(Refusal) -> NamedConstraint? {
    var found = own
    for (name, constraint) in try constraints() {
      if let found, found.constraint != constraint {
        throw .invalid(name, "\(name) and \(found.name) both say what the answer must be: give one of them")
      }
      found = found ?? (name, constraint)
    }
    return found
  }

  private func constraints() throws(Refusal) -> [(String, OutputConstraint)] {
    var found: [(String, OutputConstraint)] = []
    func add(_ fields: RequestFields, _ name: String, _ constraint: OutputConstraint?) {
      if let constraint { found.append((fields.parameter(name), constraint)) }
    }
    add(self, "response_format", try responseFormat())
    add(self, "json_schema", try schema("json_schema"))
    add(self, "grammar", try string("grammar").flatMap { $0.isEmpty ? nil : .grammar($0) })
    add(self, "guided_json", try schema("guided_json"))
    add(self, "guided_regex", try string("guided_regex").map { .regularExpression($0) })
    add(self, "guided_choice", try choices("guided_choice"))
    add(self, "guided_grammar", try string("guided_grammar").map(Self.grammar))
    guard let outputs = try object("structured_outputs") else { return found }
    try outputs.checkStructuredOutputs()
    add(outputs, "json", try outputs.schema("json"))
    add(outputs, "json_object", try outputs.bool("json_object") ?? false ? .jsonObject : nil)
    add(outputs, "regex", try outputs.string("regex").map { .regularExpression($0) })
    add(outputs, "choice", try outputs.choices("choice"))
    add(outputs, "grammar", try outputs.string("grammar").map(Self.grammar))
    return found
  }

  /// Refuses what would be an answer without the constraint that was asked for.
  private func checkStructuredOutputs() throws(Refusal) {
    // How vLLM is to keep it, which changes nothing of what fits.
    let options = ["disable_fallback", "disable_any_whitespace", "disable_additional_properties"]
    for name in options { _ = try bool(name) }
    for name in ["structural_tag", "whitespace_pattern"] where self[name] != nil {
      throw .unsupported(parameter(name), parameter(name))
    }
    let kinds = ["json", "json_object", "regex", "choice", "grammar"]
    guard let unknown = unknown(beside: Set(kinds + options)) else { return }
    let name = parameter(unknown).shortened(toByteCount: 64)
    throw .invalid(name, "\(name) is unknown: structured_outputs takes one of \(kinds.joined(separator: ", "))")
  }

  /// OpenAI's `response_format`.
  private func responseFormat() throws(Refusal) -> OutputConstraint? {
    guard let format = try object("response_format") else { return nil }
    switch try format.string("type") {
    case "text": return nil
    case "json_object": return try format.schema("schema") ?? .jsonObject
    case "json_schema":
      guard let described = try format.object("json_schema") else { throw format.mismatch("json_schema", "an object") }
      described.accept(["name", "description", "strict"])
      guard let schema = try described.schema("schema") else { throw described.mismatch("schema", "a JSON schema") }
      return schema
    default: throw format.mismatch("type", "\"text\", \"json_object\" or \"json_schema\"")
    }
  }

  /// A schema as a JSON value, or as a text that holds one.
  func schema(_ name: String) throws(Refusal) -> OutputConstraint? {
    switch self[name] {
    case nil: return nil
    case .string(let text)?:
      guard (try? JSONParser.parse(text)) != nil else { throw mismatch(name, "a JSON schema: this text is no JSON") }
      return .jsonSchema(text)
    case .object(let object)?:
      return .jsonSchema(object.text)
    case .bool(let value)?: return .jsonSchema(value ? "true" : "false")
    default: throw mismatch(name, "a JSON schema")
    }
  }

  private func choices(_ name: String) throws(Refusal) -> OutputConstraint? {
    guard let values = try array(name) else { return nil }
    guard values.count <= Self.choiceLimit else {
      throw mismatch(name, "an array of at most \(Self.choiceLimit) texts")
    }
    var texts: [String] = []
    for value in values {
      guard case .string(let text) = value else { throw mismatch(name, "an array of texts") }
      texts.append(text)
    }
    return .choices(texts)
  }

  /// vLLM takes both forms under one name: GBNF has `::=` in each rule, which is nothing in Lark.
  private static func grammar(_ text: String) -> OutputConstraint {
    Array(text.utf8).position(of: Array("::=".utf8)) != nil ? .grammar(text) : .lark(text)
  }
}

extension OutputConstraint {
  /// Any JSON object.
  static var jsonObject: OutputConstraint { .jsonSchema(#"{"type":"object"}"#) }
}
