internal import ApusJSON
internal import ApusStore
internal import HTTPTypes
internal import Hummingbird

/// A chat that the server keeps, whose clients send only what is new: those that name it in `X-Session`.
struct KeptChat: Sendable {
  private let key: DocumentKey
  /// What was said before the request.
  let earlier: [JSONValue]
  /// What the request says itself.
  private let new: [JSONValue]

  private static let header = HTTPField.Name("X-Session")

  /// What a request goes on from; nil where it names nothing.
  static func recall(_ request: Request) throws(Refusal) -> Recall? {
    guard let header, let id = request.headers[header] else { return nil }
    guard DocumentKey.isPlain(id) else {
      throw .invalid("X-Session", "X-Session must be 1 to 64 letters, digits, - or _")
    }
    return Recall(kind: .session, id: id)
  }

  /// Refuses a request that names a chat, where its path goes on with none: it would be answered without it.
  static func check(_ request: Request, _ target: RequestTarget) throws(Refusal) {
    guard let header, request.headers[header] != nil, target.recall?.kind != .session else { return }
    throw .invalid("X-Session", "X-Session goes on with chats of /v1/chat/completions alone: leave it out here")
  }

  /// Nil where the request names no chat.
  init?(_ fields: RequestFields, _ setting: JobSetting) throws(Refusal) {
    guard let recall = setting.recall else { return nil }
    key = DocumentKey(recall.kind, owner: setting.owner, id: recall.id)
    earlier = try setting.earlier?.object().list("messages") ?? []
    let messages = try fields.array("messages") ?? []
    new = Self.repeatsSystem(messages, after: earlier) ? Array(messages.dropFirst()) : messages
  }

  /// Whether the first of `messages` is the system's message that the chat has begun with, too.
  ///
  /// Clients that always send it need not know whether the chat has begun.
  static func repeatsSystem(_ messages: [JSONValue], after earlier: [JSONValue]) -> Bool {
    guard let first = messages.first, first == earlier.first else { return false }
    return first["role"] == "system" || first["role"] == "developer"
  }

  /// What is kept once it was answered so: behind what others have said in the meantime.
  func record(answer: JSONValue) -> AnswerRecord {
    AnswerRecord(key: key) { [new] document in
      let earlier = (try? document?.object())?.list("messages") ?? []
      return JSONValue.object(JSONObject([("messages", .array(earlier + new + [answer]))])).serialized(.compact)
    }
  }
}
