internal import ApusJSON

/// What the paths of files and batches take and give.
extension Operation {
  static let files = Operation(
    id: "files", summary: "The key's files.", query: page, reply: .json(list(of: file)))

  /// Its body is `multipart/form-data`, for which there is no schema here.
  static let sendFile = Operation(
    id: "sendFile", summary: "Takes a file for batches, as multipart/form-data.", reply: .json(file))

  static let oneFile = Operation(id: "file", summary: "One file.", reply: .json(file))

  static let fileContent = Operation(
    id: "fileContent", summary: "What a file holds.", reply: .bytes(["application/octet-stream"]))

  static let dropFile = Operation(
    id: "dropFile", summary: "Drops a file that no batch reads.",
    reply: .json(Schema.full([("id", Schema.text()), ("object", Schema.one(of: "file")), ("deleted", Schema.bool)])))

  static let batches = Operation(
    id: "batches", summary: "The key's batches, newest first.", query: page, reply: .json(list(of: batch)))

  static let addBatch = Operation(
    id: "addBatch", summary: "Answers the requests of a file when there is time.",
    body: Schema.object(
      [
        ("input_file_id", Schema.text([("maxLength", 128)])), ("endpoint", endpoint),
        ("completion_window", Schema.one(of: "24h")),
        (
          "output_expires_after",
          Schema.object(
            [
              ("anchor", Schema.one(of: "created_at")),
              ("seconds", Schema.int(BatchLimits.lifetimes.lowerBound, BatchLimits.lifetimes.upperBound)),
            ], required: ["anchor", "seconds"])
        ),
      ], required: ["input_file_id", "endpoint", "completion_window"]),
    reply: .json(batch))

  static let oneBatch = Operation(id: "batch", summary: "One batch.", reply: .json(batch))

  static let cancelBatch = Operation(
    id: "cancelBatch", summary: "Ends a batch; what it has answered is kept.", reply: .json(batch))

  private static let page: [(name: String, schema: JSONValue)] = [
    ("limit", Schema.int(1, 100)), ("order", Schema.one(of: "asc", "desc")), ("after", Schema.text()),
  ]

  private static let endpoint: JSONValue = ["enum": .array(BatchRoutes.endpoints.map { .string($0) })]

  private static let file = Schema.full([
    ("id", Schema.text()), ("object", Schema.one(of: "file")), ("bytes", Schema.int(0)), ("created_at", Schema.int()),
    ("filename", Schema.text()), ("purpose", Schema.text()),
  ])

  private static let batch = Schema.full([
    ("id", Schema.text()), ("object", Schema.one(of: "batch")), ("endpoint", endpoint),
    ("input_file_id", Schema.text()),
    ("status", Schema.text()), ("created_at", Schema.int()),
  ])

  private static func list(of entry: JSONValue) -> JSONValue {
    Schema.full([
      ("object", Schema.one(of: "list")), ("data", Schema.list(of: entry)), ("has_more", Schema.bool),
    ])
  }
}
