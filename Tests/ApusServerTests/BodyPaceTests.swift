internal import Apus
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import NIOCore
internal import Testing

/// Bodies that take their time: which of them are late, and which may come at all.
@Suite(.timeLimit(.minutes(2))) struct `The body of a request` {
  private static let one = #"{"prompt":"a","max_tokens":1}"#

  @Test func `has some time, and more for all that has come`() {
    var timeouts = ServerTimeouts()
    (timeouts.body, timeouts.bodyBytesPerSecond) = (.seconds(60), 1000)
    let start = NIODeadline.now()
    var pace = BodyPace(timeouts, start: start)
    #expect(pace.timeLeft(at: start) == .seconds(60))
    #expect(pace.timeLeft(at: start + .seconds(59)) == .seconds(1))
    #expect(pace.timeLeft(at: start + .seconds(60)) == nil)
    let first = pace.take(500)
    #expect(!first)
    #expect(pace.timeLeft(at: start + .seconds(60)) == .milliseconds(500))
    #expect(pace.timeLeft(at: start + .milliseconds(60_500)) == nil)
    let steps = [(64 << 10) - 501, 1, 1, 1 << 20].map { pace.take($0) }
    #expect(steps == [false, true, false, true])
  }

  @Test func `may come for longer than its first time where it goes on`() async throws {
    try await LiveServer.run(await TestModel.quick()) {
      $0.timeouts.body = .milliseconds(100)
      // Every byte is worth a second.
      $0.timeouts.bodyBytesPerSecond = 1
    } _: { server in
      let answer = try await server.connect { connection in
        let head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        try await connection.send(head + "Content-Length: \(Self.one.utf8.count)\r\n\r\n" + Self.one.prefix(20))
        try await Task.sleep(for: .milliseconds(300))
        try await connection.send(String(Self.one.dropFirst(20)))
        return try await connection.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer.prefix(200))")
    }
  }

  @Test func `is asked for where its path may have it`() async throws {
    let folder = try TemporaryFolder()
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    let start = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"
    let body =
      start + "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n"
      + String(repeating: "x", count: 3000) + "\r\n--b--\r\n"
    try await LiveServer.run(await TestModel.quick()) {
      $0.files = files
      $0.limits.bodyByteCount = 1000
      $0.batchLimits.fileByteCount = 3000
    } _: { server in
      for (path, count, begin) in [
        ("/v1/files", body.utf8.count, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        ("/v1/files?a=b", body.utf8.count, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        ("/v1/files", 3001 + (64 << 10), "HTTP/1.1 413 "), ("/v1/completions", 1001, "HTTP/1.1 413 "),
      ] {
        let answer = try await server.connect { connection in
          try await connection.send(
            "POST \(path) HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
              + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: \(count)\r\n\r\n")
          if begin.contains(" 100 ") { try await connection.send(body) }
          return try await connection.readToEnd()
        }
        #expect(answer.hasPrefix(begin), "\(path) \(count): \(answer.prefix(200))")
      }
    }
  }
}
