internal import ApusJSON

/// A file that a client has sent, or that a batch has written.
struct StoredFile: Codable, Sendable {
  let id: String
  /// Whose it is: nobody else finds it.
  let owner: String
  let filename: String
  let purpose: String
  let byteCount: Int
  /// Seconds since 1970.
  let created: Int
  /// Seconds since 1970 from which on it is gone; nil for never.
  var expires: Int?

  /// Where its content is in the folder.
  var content: String { Self.content(id) }
  /// Where its description is, which makes it a file.
  var description: String { "files/\(id).json" }

  static func content(_ id: String) -> String { "files/\(id)" }

  /// As OpenAI describes one.
  var json: JSONValue {
    [
      "id": .string(id), "object": "file", "bytes": .int(byteCount), "created_at": .int(created),
      "filename": .string(filename), "purpose": .string(purpose), "status": "processed",
      "expires_at": expires.map { .int($0) } ?? .null, "status_details": .null,
    ]
  }
}
