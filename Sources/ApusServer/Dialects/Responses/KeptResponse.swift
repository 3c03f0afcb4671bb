internal import ApusJSON
internal import ApusStore

/// An answer of `/v1/responses` as it is kept: with all items that came before it, its own request's and earlier ones.
struct KeptResponse: Sendable {
  let input: [JSONValue]
  let response: JSONValue

  init(input: [JSONValue], response: JSONValue) {
    self.input = input
    self.response = response
  }

  /// Reads what was kept.
  init(_ document: Document) throws(Refusal) {
    let object = try document.object()
    self.init(input: object.list("input"), response: object["response"] ?? .null)
  }

  /// What is kept.
  var body: [UInt8] {
    JSONValue.object(JSONObject([("input", .array(input)), ("response", response)])).serialized(.compact)
  }

  /// All items that were said in an answer and before it; none where there is no answer.
  static func items(of document: Document?) throws(Refusal) -> [JSONValue] {
    guard let document else { return [] }
    let kept = try KeptResponse(document)
    guard case .object(let response) = kept.response else { throw .storeFailed }
    return kept.input + response.list("output")
  }

  /// The items of a request's `input`, which was read before, each with an id.
  static func items(of input: JSONValue?) -> [JSONValue] {
    switch input {
    case .string(let text)?:
      [item(JSONObject([("role", "user"), ("content", [["type": "input_text", "text": .string(text)]])]))]
    case .array(let items)?: items.map { if case .object(let object) = $0 { item(object) } else { $0 } }
    default: []
    }
  }

  private static func item(_ object: JSONObject) -> JSONValue {
    var item = object
    item["type"] = item["type"] ?? "message"
    if item["type"] == "message", case .string(let text)? = item["content"] {
      let kind: JSONValue = item["role"] == "assistant" ? "output_text" : "input_text"
      item["content"] = [["type": kind, "text": .string(text)]]
    }
    item["status"] = item["status"] ?? "completed"
    if case .string? = item["id"] { return .object(item) }
    item["id"] = .string(newIdentifier(prefix(of: item["type"])))
    return .object(item)
  }

  /// What ids of items of a type begin with, as OpenAI's do.
  private static func prefix(of type: JSONValue?) -> String {
    switch type {
    case "reasoning": "rs_"
    case "function_call": "fc_"
    case "function_call_output": "fco_"
    case "custom_tool_call": "ctc_"
    case "custom_tool_call_output": "ctco_"
    default: "msg_"
    }
  }
}
