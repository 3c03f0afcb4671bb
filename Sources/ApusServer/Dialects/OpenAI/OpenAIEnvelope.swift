internal import Apus
internal import ApusJSON

/// The members of a JSON object, in order.
typealias JSONMembers = [(String, JSONValue)]

/// What is common to the whole form of an answer of OpenAI's API and to its frames.
struct OpenAIEnvelope: Sendable {
  let id: String
  let created: Int
  let model: String
  /// Changes with what may change the text for the same seed.
  let fingerprint: String
  /// The kind of object that a whole answer and one frame are.
  let wholeKind: String
  let frameKind: String
  /// Whether a stream ends with the usage.
  let includesUsage: Bool
  /// Whether the answer was to be kept, and could not be.
  var isNotKept = false

  init(_ setting: JobSetting, id prefix: String, whole: String, frame: String, includesUsage: Bool) {
    id = newIdentifier(prefix)
    created = setting.time
    model = setting.name
    fingerprint = setting.model.information.fingerprint
    wholeKind = whole
    frameKind = frame
    self.includesUsage = includesUsage
  }

  /// The whole answer; `more` stands behind it.
  func whole(_ choices: [JSONMembers], _ usage: UsageCount, more: JSONMembers = []) -> WholeReply {
    var reply = WholeReply(
      .object(JSONObject(members(wholeKind, Self.numbered(choices)) + [("usage", usage.json)] + more)))
    if isNotKept { reply.headers = WholeReply.notKept }
    return reply
  }

  /// One frame of a choice; `end` is how it has ended.
  func frame(_ choice: Int, _ members: JSONMembers, end: JSONMembers = [("finish_reason", .null)]) -> [UInt8] {
    frame([.object(JSONObject([("index", .int(choice))] + members + end))], usage: .null)
  }

  /// What stands behind all choices.
  func finish(_ usage: UsageCount) -> [UInt8] {
    (includesUsage ? frame([], usage: usage.json) : []) + OpenAIDialect.done
  }

  /// How a choice ended; `stop_reason` is vLLM's: the text or token that ended it.
  static func end(_ result: ChoiceResult, stopWord: String = AnswerEnd.stop.rawValue) -> JSONMembers {
    let reason: JSONValue =
      switch result.summary?.stopReason {
      case .stopText(let text)?: .string(text)
      case .stopToken(let token)?: .int(Int(token))
      case .endOfGeneration?, .outputComplete?, nil: .null
      }
    let word = result.end == .stop ? stopWord : result.end.rawValue
    return [("finish_reason", .string(word)), ("stop_reason", reason)]
  }

  private func frame(_ choices: [JSONValue], usage: JSONValue) -> [UInt8] {
    let usage: JSONMembers = includesUsage ? [("usage", usage)] : []
    return Framing.events.frame(.object(JSONObject(members(frameKind, choices) + usage)))
  }

  private func members(_ kind: String, _ choices: [JSONValue]) -> JSONMembers {
    [
      ("id", .string(id)), ("object", .string(kind)), ("created", .int(created)), ("model", .string(model)),
      ("system_fingerprint", .string(fingerprint)), ("choices", .array(choices)),
    ] + (isNotKept ? [("store", false)] : [])
  }

  private static func numbered(_ choices: [JSONMembers]) -> [JSONValue] {
    choices.enumerated().map { number, members in .object(JSONObject([("index", .int(number))] + members)) }
  }
}

extension UsageCount {
  /// As OpenAI's API tells it.
  var json: JSONValue {
    [
      "prompt_tokens": .int(promptTokens), "completion_tokens": .int(completionTokens),
      "total_tokens": .int(promptTokens + completionTokens),
      "prompt_tokens_details": ["cached_tokens": .int(cachedTokens)],
      "completion_tokens_details": [
        "reasoning_tokens": .int(reasoningTokens), "accepted_prediction_tokens": .int(acceptedPrediction),
        "rejected_prediction_tokens": .int(rejectedPrediction),
      ],
    ]
  }
}

extension ModelInformation {
  /// Differs between models and kernels, so that clients see when the same seed may give another text.
  fileprivate var fingerprint: String {
    "apus_" + hexadecimalDigits(of: fnv1a("\(name) \(fileBytes) \(kernels) \(kvFormat.rawValue)"))
  }
}

/// The FNV-1a hash of a text, 64 bits (Fowler, Noll, Vo): stable from run to run.
private func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
