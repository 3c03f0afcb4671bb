internal import ApusChat
internal import ApusJSON
internal import ApusTestSupport
internal import Foundation

/// What the events of a turn say together.
struct TurnState: Equatable {
  struct Call: Equatable {
    var id: String?
    var name: String
    var arguments = ""
    var isComplete = false
  }

  var content = ""
  var reasoning = ""
  var calls: [Call] = []

  /// What a turn means that comes in these pieces.
  init(_ pieces: [String], _ parser: TurnParser, isCut: Bool = false) {
    var parser = parser
    for piece in pieces { add(parser.feed(piece)) }
    add(parser.finish(isCut: isCut))
  }

  init() {}

  mutating func add(_ events: [TurnEvent]) {
    for event in events {
      switch event {
      case .content(let text): content += text
      case .reasoning(let text): reasoning += text
      case .callBegins(_, let id, let name): calls.append(Call(id: id, name: name))
      case .callArguments(let index, let text): calls[index].arguments += text
      case .callEnds(let index): calls[index].isComplete = true
      }
    }
  }

  /// Whether this is what the data expects: texts without white space at their ends, arguments as JSON.
  func matches(_ expected: JSONValue?) -> Bool {
    guard let expected, content.trimmed == expected["content"]?.text?.trimmed,
      reasoning.trimmed == expected["reasoning_content"]?.text?.trimmed
    else { return false }
    let others = expected["tool_calls"]?.elements ?? []
    return others.count == calls.count
      && zip(calls, others).allSatisfy { call, other in
        let text = other["arguments"]?.text ?? ""
        let arguments = try? JSONParser.parse(call.arguments)
        let isSame =
          arguments.map { $0 == (try? JSONParser.parse(text)) } ?? (call.arguments.trimmed == text.trimmed)
        return call.name == other["name"]?.text && isSame && (other["id"]?.text == nil || call.id == other["id"]?.text)
      }
  }

  /// Whether the turn is the text `output`, but for the marks around reasoning and answer.
  func isText(of output: String, _ format: TurnFormat) -> Bool {
    func letters(_ text: String, without marks: [String]) -> String {
      marks.reduce(text) { $0.replacingOccurrences(of: $1, with: "") }.filter { !$0.isWhitespace }
    }
    if format.hasChannels { return calls.isEmpty && lostWords(of: output, format).isEmpty }
    let marks = [format.thinking, format.answer].compactMap { $0 }.flatMap { [$0.open.trimmed, $0.close] }
    return calls.isEmpty && letters(reasoning + content, without: marks) == letters(output, without: marks)
  }

  /// The words of `output` that nothing here stands for, but for those of the format's syntax.
  func lostWords(of output: String, _ format: TurnFormat) -> [String] {
    var said = content + reasoning
    for call in calls {
      said += " \(call.id ?? "") \(call.name) \(call.arguments) "
      if let value = try? JSONParser.parse(call.arguments) { said += value.allTexts.joined(separator: " ") }
    }
    said += format.marks.joined(separator: " ") + " True False None null call type function to functions assistant "
    if format.hasChannels { said += " analysis commentary final json " }
    for syntax in format.calls {
      guard case .object(let keys) = syntax.shape else { continue }
      said += [keys.name, keys.arguments, keys.id].compactMap { $0 }.joined(separator: " ") + " id "
    }
    let known = Set(said.words)
    return output.words.filter { !known.contains($0) && !said.contains($0) }
  }
}

extension String {
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
  /// The runs of letters and digits.
  var words: [String] { split { !$0.isLetter && !$0.isNumber }.map(String.init) }
}

extension JSONValue {
  /// All keys and texts in this value.
  fileprivate var allTexts: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(\.allTexts)
    case .object(let object): object.keys + object.values.flatMap(\.allTexts)
    default: []
    }
  }
}
