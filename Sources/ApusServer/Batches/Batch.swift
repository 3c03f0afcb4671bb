internal import ApusJSON

/// A list of requests that are answered when there is time, and how far that has come.
struct Batch: Codable, Sendable {
  enum Status: String, Codable, Sendable {
    case validating
    case failed
    case inProgress = "in_progress"
    case finalizing
    case completed
    case expired
    case cancelling
    case cancelled

    var isEnd: Bool { [.failed, .completed, .expired, .cancelled].contains(self) }
  }

  /// What is wrong with the file.
  struct Problem: Codable, Sendable {
    let code: String
    let message: String
    /// Counted from 1; nil where it is no single line's.
    let line: Int?
  }

  let id: String
  /// Whose it is: nobody else finds it.
  let owner: String
  let endpoint: String
  let input: String
  let metadata: [String: String]
  /// Seconds for which its files stay; nil where its client did not say.
  var outputLifetime: Int?
  /// Seconds since 1970.
  let created: Int
  let expires: Int
  var status = Status.validating
  /// What it becomes when its files are in place.
  var end: Status?
  /// When it came to a status, by OpenAI's names.
  var times: [String: Int] = [:]
  var problems: [Problem] = []
  var output: String?
  var failures: String?
  var total = 0
  var completed = 0
  var failed = 0

  /// Where its description is.
  var description: String { "batches/\(id).json" }
  /// Where answers are collected, and errors.
  var outputDraft: String { "batches/\(id).output" }
  var failureDraft: String { "batches/\(id).errors" }

  /// As OpenAI describes one.
  var json: JSONValue {
    var members: JSONMembers = [
      ("id", .string(id)), ("object", "batch"), ("endpoint", .string(endpoint)),
      (
        "errors",
        problems.isEmpty
          ? .null
          : [
            "object": "list",
            "data": .array(
              problems.map {
                [
                  "code": .string($0.code), "message": .string($0.message), "param": .null,
                  "line": $0.line.map { .int($0) } ?? .null,
                ]
              }),
          ]
      ),
      ("input_file_id", .string(input)), ("completion_window", "24h"), ("status", .string(status.rawValue)),
      ("output_file_id", status.isEnd ? output.map(JSONValue.string) ?? .null : .null),
      ("error_file_id", status.isEnd ? failures.map(JSONValue.string) ?? .null : .null),
      ("created_at", .int(created)), ("expires_at", .int(expires)),
    ]
    for name in [
      "in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at",
    ] {
      members.append((name, times[name].map { .int($0) } ?? .null))
    }
    members += [
      ("request_counts", ["total": .int(total), "completed": .int(completed), "failed": .int(failed)]),
      (
        "metadata",
        metadata.isEmpty
          ? .null : .object(JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
      ),
    ]
    return .object(JSONObject(members))
  }

  /// Comes to a status at a time.
  mutating func become(_ status: Status, at time: Int) {
    self.status = status
    times[status.rawValue + "_at"] = time
  }
}

/// One request of a batch.
struct BatchLine: Sendable {
  let id: String
  let body: JSONValue

  /// Reads a line for an endpoint; throws what is wrong with it.
  init(_ bytes: [UInt8], endpoint: String, limits: BatchLimits) throws(BatchLineError) {
    guard bytes.count <= limits.lineByteCount else {
      throw BatchLineError("line_too_long", "a line may have at most \(limits.lineByteCount) bytes")
    }
    guard JSONTokens.count(in: bytes, upTo: 1_000_000) <= 1_000_000, let value = try? JSONParser.parse(bytes),
      case .object = value
    else { throw BatchLineError("invalid_json_line", "this line is no JSON object") }
    guard case .string(let id)? = value["custom_id"], (1...512).contains(id.utf8.count) else {
      throw BatchLineError("missing_required_parameter", "custom_id must be a text of 1 to 512 bytes")
    }
    guard value["method"] == "POST" else { throw BatchLineError("invalid_method", "method must be POST") }
    guard value["url"] == .string(endpoint) else {
      throw BatchLineError("invalid_url", "url must be the batch's endpoint, \(endpoint)")
    }
    guard case .object? = value["body"], let body = value["body"] else {
      throw BatchLineError("missing_required_parameter", "body must be an object")
    }
    guard body["stream"] != true else {
      throw BatchLineError("invalid_body", "stream must not be true in a batch")
    }
    (self.id, self.body) = (id, body)
  }
}

/// What is wrong with a line; never holds a part of it.
struct BatchLineError: Error, Sendable {
  let code: String
  let message: String

  init(_ code: String, _ message: String) { (self.code, self.message) = (code, message) }
}
