internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// How much files and batches may take, and for how long.
@Suite(.timeLimit(.minutes(2))) struct `Room for files` {
  private static let hundred = String(repeating: "a", count: 100)
  private static let (mine, other): (HTTPFields, HTTPFields) = (
    [.authorization: "Bearer k"], [.authorization: "Bearer l"]
  )
  private let folder: TemporaryFolder
  private let files: FileFolder

  init() throws {
    folder = try TemporaryFolder()
    files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
  }

  @Test func `is bounded for each key and for all, and comes back`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      ($0.files, $0.apiKeys) = (files, ["k", "l"])
      ($0.batchLimits.ownerByteCount, $0.batchLimits.allFilesByteCount) = (200, 300)
    }
    let first = try await server.upload(Self.hundred, Self.mine)
    #expect(first.status == 200, "\(first.text)")
    #expect(try await server.upload(Self.hundred, Self.mine).status == 200)
    let third = try await server.upload("a", Self.mine)
    #expect(third.status == 413 && third.isAPIError && third.text.contains("200 bytes"), "\(third.text)")
    #expect(try await server.upload(Self.hundred + "a", Self.other).status == 413)
    #expect(try await server.upload(Self.hundred, Self.other).status == 200)
    let full = try await server.upload("a", Self.other)
    #expect(full.status == 413 && full.text.contains("the server has no room"), "\(full.text)")
    let id = try #require(first.json["id"]?.text)
    #expect(try await server.send(.delete, "/v1/files/" + id, headers: Self.mine).status == 200)
    #expect(try await server.upload(Self.hundred, Self.mine).status == 200)
  }

  @Test func `that is full ends a batch, and what was answered is kept`() async throws {
    let model = try await TestModel.quick()
    let measured = try TestServer(model) {
      $0.files = try? FileFolder(path: folder.path("measured"), sections: FileFolder.batchSections)
    }
    let one = try #require(try await measured.upload(BatchText.short("a")).json["id"]?.text)
    let batch = try await measured.endOfBatch(try #require(try await measured.createBatch(one).json["id"]?.text))
    let output = try #require(batch["output_file_id"]?.text)
    let size = try #require(try await measured.send(.get, "/v1/files/" + output).json["bytes"]?.value)
    let text = [BatchText.short("a"), BatchText.short("b"), BatchText.short("c")].joined(separator: "\n")
    let server = try TestServer(model) {
      $0.files = files
      $0.batchLimits.ownerByteCount = text.utf8.count + Int(size) * 3 / 2
    }
    let input = try #require(try await server.upload(text).json["id"]?.text)
    let ended = try await server.endOfBatch(try #require(try await server.createBatch(input).json["id"]?.text))
    #expect(ended["status"] == "failed" && ended["failed_at"] != .null, "\(ended)")
    #expect(ended["errors"]?["data"]?.elements?.first?["code"] == "no_room")
    #expect(ended["request_counts"] == ["total": 3, "completed": 1, "failed": 0])
    #expect(try await server.lines(of: ended["output_file_id"]).compactMap { $0["custom_id"]?.text } == ["a"])
    // What was written is counted once, as the batch's file.
    #expect(try await server.upload(String(repeating: "a", count: Int(size) / 4)).status == 200)
    #expect(try await server.upload(String(repeating: "a", count: Int(size) / 2)).status == 413)
  }

  @Test func `counts what a batch had written before a restart`() async throws {
    try files.append(Array(repeating: 0x61, count: 90), to: "batches/batch_1.output")
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":1800000000,"status":"in_progress","end":"failed","output":"file-2","failures":"file-3","#
      + #""times":{},"problems":[],"total":2,"completed":0,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try TestServer(await TestModel.quick()) {
      $0.files = files
      $0.batchLimits.ownerByteCount = 100
    }
    let ended = try await server.endOfBatch("batch_1")
    #expect(ended["status"] == "failed" && ended["output_file_id"] == "file-2" && ended["error_file_id"] == .null)
    #expect(try await server.upload("12345678901").status == 413)
    #expect(try await server.upload("1234567890").status == 200)
  }

  @Test func `for a number of files has those that batches will write`() async throws {
    for (limit, status) in [(2, 400), (3, 200)] {
      let folder = try TemporaryFolder()
      let server = try TestServer(await TestModel.quick()) {
        $0.files = try? FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
        $0.batchLimits.files = limit
      }
      let file = try #require(try await server.upload(BatchText.short("a")).json["id"]?.text)
      #expect(try await server.createBatch(file).status == status)
    }
  }

  @Test func `is given back by files that expire`() async throws {
    let clock = TestClock()
    let start = clock.time
    let server = try TestServer(await TestModel.quick()) {
      ($0.files, $0.unixTime) = (files, { clock.time })
      $0.batchLimits.ownerByteCount = 100
    }
    let file = try await server.upload(
      Self.hundred, fields: ["expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"])
    #expect(file.json["expires_at"] == .int(start + 3600), "\(file.text)")
    let path = "/v1/files/" + (try #require(file.json["id"]?.text))
    clock.set(start + 3599)
    #expect(try await server.send(.get, path).status == 200)
    #expect(try await server.upload("a").status == 413)
    clock.set(start + 3600)
    #expect(try await server.send(.get, path).status == 404)
    #expect(files.names(in: "files").isEmpty)
    let usual = try await server.upload(Self.hundred)
    #expect(usual.json["expires_at"] == .int(start + 3600 + BatchLimits().lifetime), "\(usual.text)")
  }

  @Test(arguments: [
    ("created_at", "3599", 400), ("created_at", "3600", 200), ("created_at", "2592000", 200),
    ("created_at", "2592001", 400), ("now", "3600", 400), ("created_at", "soon", 400), ("created_at", "", 400),
  ])
  func `is given for as long as a client says`(_ anchor: String, _ seconds: String, _ status: Int) async throws {
    let server = try TestServer(await TestModel.quick()) { $0.files = files }
    let reply = try await server.upload(
      "a", fields: ["expires_after[anchor]": anchor, "expires_after[seconds]": seconds])
    #expect(reply.status == status, "\(reply.text)")
    if status == 400 { #expect(reply.json["error"]?["param"] == "expires_after") }
  }

  @Test func `is taken by a batch's files for as long as it says`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.files = files }
    let file = try #require(try await server.upload(BatchText.short("a")).json["id"]?.text)
    for (more, seconds) in [
      (#","output_expires_after":{"anchor":"created_at","seconds":3600}"#, 3600), ("", BatchLimits().lifetime),
    ] {
      let batch = try await server.createBatch(file, more: more)
      let ended = try await server.endOfBatch(try #require(batch.json["id"]?.text))
      let output = try await server.send(.get, "/v1/files/" + (ended["output_file_id"]?.text ?? "")).json
      #expect(output["created_at"] == 1_700_000_000 && output["expires_at"] == .int(1_700_000_000 + seconds))
    }
    for (wrong, field) in [
      (#"{"anchor":"created_at","seconds":3599}"#, "seconds"), (#"{"anchor":"now","seconds":3600}"#, "anchor"),
      (#"{"anchor":"created_at"}"#, "seconds"), (#"{"seconds":3600}"#, "anchor"),
      (#"{"anchor":"created_at","seconds":2592001}"#, "seconds"),
    ] {
      let reply = try await server.createBatch(file, more: #","output_expires_after":\#(wrong)"#)
      #expect(reply.status == 400 && reply.json["error"]?["param"] == .string("output_expires_after." + field))
    }
  }

  @Test func `is kept for what was answered before a batch's file went`() async throws {
    let answered = #"{"custom_id":"a","response":{"status_code":200}}"# + "\n"
    try files.append(Array(answered.utf8), to: "batches/batch_1.output")
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":1800000000,"status":"in_progress","times":{},"problems":[],"total":2,"completed":1,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try TestServer(await TestModel.quick()) { $0.files = files }
    let ended = try await server.endOfBatch("batch_1")
    #expect(ended["status"] == "failed" && ended["errors"]?["data"]?.elements?.first?["code"] == "input_file_gone")
    #expect(try await server.lines(of: ended["output_file_id"]).compactMap { $0["custom_id"]?.text } == ["a"])
  }
}
