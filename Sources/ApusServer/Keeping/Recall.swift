internal import ApusJSON
internal import ApusStore

/// A document that a request goes on from.
struct Recall: Sendable {
  let kind: DocumentKind
  let id: String
  /// What the client is told where there is none; nil where the request may begin it.
  var missing: Refusal?
}

extension ModelService {
  /// What a request goes on from; nil where that begins with it.
  func document(_ recall: Recall, of owner: String) async throws(Refusal) -> Document? {
    if let missing = recall.missing, configuration.store == nil { throw missing }
    let key = DocumentKey(recall.kind, owner: owner, id: recall.id)
    let document = try await kept { store throws(StoreError) in try await store.document(key) }
    if document == nil, let missing = recall.missing { throw missing }
    return document
  }
}

extension Document {
  /// The JSON object that its body is, which the server has written itself.
  func object() throws(Refusal) -> JSONObject {
    guard case .object(let object)? = try? JSONParser.parse(body) else { throw .storeFailed }
    return object
  }
}

extension JSONObject {
  /// A list among its members; an empty one where there is none.
  func list(_ name: String) -> [JSONValue] {
    if case .array(let values)? = self[name] { values } else { [] }
  }
}
