internal import ApusJSON

/// The JSON of ``Transcript``, the same as its `Codable` form.
extension Transcript {
  package var coded: [UInt8] {
    let entries = entries.map { entry -> JSONValue in
      switch entry {
      case .instructions(let text): ["instructions": ["text": .string(text)]]
      case .prompt(let text): ["prompt": ["text": .string(text)]]
      case .response(let text, let reason):
        ["response": ["text": .string(text), "finishReason": .string(reason.rawValue)]]
      case .toolCalls(let text, let reasoning, let results):
        [
          "toolCalls": [
            "text": .string(text), "reasoning": .string(reasoning), "results": .array(results.map(\.coded)),
          ]
        ]
      }
    }
    return (["entries": .array(entries)] as JSONValue).serialized(.compact)
  }

  /// Reads what `coded` gives; nil for anything else.
  package init?(coded bytes: [UInt8]) {
    guard let value = try? JSONParser.parse(bytes), case .array(let elements)? = value["entries"] else { return nil }
    var entries: [Entry] = []
    for element in elements {
      guard let entry = Entry(element) else { return nil }
      entries.append(entry)
    }
    self.init(entries: entries)
  }
}

extension Transcript.Entry {
  fileprivate init?(_ value: JSONValue) {
    guard case .object(let object) = value, object.count == 1, let content = object.values.first,
      case .string(let text)? = content["text"]
    else { return nil }
    switch object.keys[0] {
    case "instructions": self = .instructions(text: text)
    case "prompt": self = .prompt(text: text)
    case "response":
      guard case .string(let name)? = content["finishReason"], let reason = FinishReason(rawValue: name) else {
        return nil
      }
      self = .response(text: text, finishReason: reason)
    case "toolCalls":
      guard case .string(let reasoning)? = content["reasoning"], case .array(let values)? = content["results"] else {
        return nil
      }
      let results = values.compactMap(ToolResult.init(coded:))
      guard results.count == values.count else { return nil }
      self = .toolCalls(text: text, reasoning: reasoning, results: results)
    default: return nil
    }
  }
}

extension ToolResult {
  fileprivate var coded: JSONValue {
    [
      "call": ["id": .string(call.id), "name": .string(call.name), "arguments": .string(call.arguments)],
      "text": .string(text), "isError": .bool(isError),
    ]
  }

  fileprivate init?(coded value: JSONValue) {
    guard case .string(let id)? = value["call"]?["id"], case .string(let name)? = value["call"]?["name"],
      case .string(let arguments)? = value["call"]?["arguments"], case .string(let text)? = value["text"],
      case .bool(let isError)? = value["isError"]
    else { return nil }
    self.init(call: ToolCall(id: id, name: name, arguments: arguments), text: text, isError: isError)
  }
}
