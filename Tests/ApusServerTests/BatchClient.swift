internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Synchronization

/// What a client of files and batches does.
extension TestServer {
  /// The content type of what `upload` sends.
  static let multipart: HTTPFields = [.contentType: "multipart/form-data; boundary=b"]

  /// Sends a file, behind the given fields.
  func upload(
    _ text: String, purpose: String = "batch", fields: [String: String] = [:], _ headers: HTTPFields = [:]
  ) async throws -> Reply {
    var all = headers
    all.append(contentsOf: Self.multipart)
    let parts = ["purpose": purpose].merging(fields) { $1 }.map { name, value in
      "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n\(text)\r\n--b--\r\n"
    return try await post("/v1/files", parts.joined() + file, headers: all)
  }

  /// Makes a batch of a file; `more` are further members of the body.
  func createBatch(_ file: String, _ headers: HTTPFields = [:], more: String = "") async throws -> Reply {
    try await post(
      "/v1/batches",
      #"{"input_file_id":"\#(file)","endpoint":"/v1/completions","completion_window":"24h","metadata":{"a":"b"}"#
        + more + "}", headers: headers)
  }

  /// The batch when it has ended.
  func endOfBatch(_ id: String, _ headers: HTTPFields = [:]) async throws -> JSONValue {
    while true {
      let batch = try await send(.get, "/v1/batches/" + id, headers: headers).json
      if ["completed", "failed", "expired", "cancelled"].contains(batch["status"]?.text) { return batch }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// The lines of a file whose id this is; none for none.
  func lines(of file: JSONValue?, _ headers: HTTPFields = [:]) async throws -> [JSONValue] {
    guard let id = file?.text else { return [] }
    let reply = try await send(.get, "/v1/files/\(id)/content", headers: headers)
    return try reply.text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
  }
}

/// Lines of files for batches.
enum BatchText {
  static func line(_ id: String, _ body: String, url: String = "/v1/completions") -> String {
    #"{"custom_id":"\#(id)","method":"POST","url":"\#(url)","body":\#(body)}"#
  }

  /// A line whose answer has four tokens.
  static func short(_ id: String, _ seed: Int = 1) -> String {
    line(id, #"{"prompt":"a","max_tokens":4,"seed":\#(seed),"ignore_eos":true}"#)
  }
}

/// A time that a test sets: seconds since 1970.
final class TestClock: Sendable {
  private let held = Mutex(1_700_000_000)

  var time: Int { held.withLock { $0 } }

  func set(_ time: Int) { held.withLock { $0 = time } }
}
