internal import ApusJSON

/// An item of an answer of `/v1/responses`, while it comes.
struct ResponseItem: Sendable {
  enum Kind: Sendable {
    case message
    case reasoning
    case call(id: String, name: String)
    case customCall(id: String, name: String)
  }

  let kind: Kind
  let id: String
  /// The text or the arguments so far.
  var text = ""

  init(_ kind: Kind) {
    self.kind = kind
    id =
      switch kind {
      case .message: newIdentifier("msg_")
      case .reasoning: newIdentifier("rs_")
      case .call: newIdentifier("fc_")
      case .customCall: newIdentifier("ctc_")
      }
  }

  /// What events of its text are called: `response.output_text.delta`.
  var textName: String {
    switch kind {
    case .message: "output_text"
    case .reasoning: "reasoning_text"
    case .call: "function_call_arguments"
    case .customCall: "custom_tool_call_input"
    }
  }

  /// Whether its text is a part of its content.
  var hasPart: Bool {
    switch kind {
    case .message, .reasoning: true
    case .call, .customCall: false
    }
  }

  /// Whether its text can be told as it comes; that of a custom tool is made of the whole arguments.
  var isToldAtOnce: Bool { if case .customCall = kind { false } else { true } }

  /// Its whole text, as it is told.
  var whole: String { isToldAtOnce ? text : ResponseTools.input(ofArguments: text) }

  /// The part of its content that has this text.
  func part(_ text: String) -> JSONValue {
    if case .message = kind {
      ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    } else {
      ["type": "reasoning_text", "text": .string(text)]
    }
  }

  /// Members of events that belong to its text.
  func ended() -> JSONMembers {
    switch kind {
    case .message: [("text", .string(text)), ("logprobs", [])]
    case .reasoning: [("text", .string(text))]
    case .call(_, let name): [("name", .string(name)), ("arguments", .string(text))]
    case .customCall: [("input", .string(whole))]
    }
  }

  /// The item; with its text once that is there.
  func json(_ status: String) -> JSONValue {
    let isNew = status == "in_progress"
    var members: JSONMembers = [("id", .string(id)), ("status", .string(status))]
    switch kind {
    case .message: members += [("type", "message"), ("role", "assistant"), ("content", isNew ? [] : [part(text)])]
    case .reasoning: members += [("type", "reasoning"), ("summary", []), ("content", isNew ? [] : [part(text)])]
    case .call(let call, let name):
      members += [
        ("type", "function_call"), ("call_id", .string(call)), ("name", .string(name)), ("arguments", .string(text)),
      ]
    case .customCall(let call, let name):
      members += [
        ("type", "custom_tool_call"), ("call_id", .string(call)), ("name", .string(name)),
        ("input", .string(isNew ? "" : whole)),
      ]
    }
    return .object(JSONObject(members))
  }
}
