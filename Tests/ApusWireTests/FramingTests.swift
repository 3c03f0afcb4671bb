internal import ApusJSON
internal import ApusTestSupport
internal import ApusWire
internal import Foundation
internal import Testing

@Suite struct `Messages of the event stream` {
  @Test func `have the bytes that AWS's own clients read`() {
    let chunk = EventStream.event("chunk", ["bytes": "e30="])
    #expect(
      hexadecimal(chunk.bytes)
        == "0000006b0000004b6ace012d0b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700106170706c"
        + "69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573223a226533303d227d3651db"
        + "fe")
  }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `have the bytes of all vectors`() throws {
    let folder = try #require(TestData.folder)
    let data = try Data(contentsOf: folder.appendingPathComponent("aws_vectors/eventstream_vectors.json"))
    for vector in try JSONParser.parse(Array(data)).elements {
      let headers = vector["headers"]?.elements.map { $0.elements.compactMap(\.text) } ?? []
      let text = try #require(vector["payload_utf8"]?.text)
      let name = headers[0][1]
      let message =
        switch (headers[0][0], headers[1][1]) {
        case (":event-type", "application/json"): EventStream.event(name, try JSONParser.parse(text))
        case (":event-type", _): EventStream.event(name, raw: Array(text.utf8))
        default: EventStream.exception(name, try JSONParser.parse(text))
        }
      #expect(hexadecimal(message.bytes) == vector["hex"]?.text, "\(vector["name"]?.text ?? "")")
    }
  }

  @Test func `are read back, one behind the other`() throws {
    let bytes =
      EventStream.event("PayloadPart", raw: [0, 255]).bytes + EventStream.error(code: "x", message: "ÄÖ").bytes
      + EventStream.exception("modelStreamErrorException", ["message": "no"]).bytes
    let messages = try #require(EventStreamMessage.all(in: bytes))
    #expect(messages.map { $0.headers[":message-type"] } == ["event", "error", "exception"])
    #expect(messages.map(\.payload.count) == [2, 0, 16])
    #expect(messages[0].headers[":content-type"] == "application/octet-stream")
    #expect(messages[1].headers[":error-message"] == "ÄÖ")
    #expect(messages[2].headers[":exception-type"] == "modelStreamErrorException")
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 16
      #expect(EventStreamMessage.all(in: damaged) == nil, "a change of byte \(index)")
    }
  }

  @Test func `never have more than clients read`() throws {
    let long = String(repeating: "ä", count: 5000)
    let error = try #require(EventStreamMessage.all(in: EventStream.error(code: "e", message: long).bytes))
    #expect(error[0].headers[":error-message"]?.utf8.count == 1024)
    let most = [UInt8](repeating: 1, count: EventStream.payloadLimit)
    #expect(EventStream.event("PayloadPart", raw: most).bytes.count > most.count)
    let refused = EventStreamMessage.all(in: EventStream.event("PayloadPart", raw: most + [1]).bytes)
    #expect(refused?.first?.headers[":error-code"] == "PayloadTooLarge")
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

@Suite struct `Frames of text` {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `are server-sent events, with a name or without`() {
    #expect(text(ServerSentEvents.event(["a": "b\nc"])) == "data: {\"a\":\"b\\nc\"}\n\n")
    #expect(text(ServerSentEvents.event([:], name: "message_stop")) == "event: message_stop\ndata: {}\n\n")
    #expect(text(ServerSentEvents.done) == "data: [DONE]\n\n")
    #expect(text(ServerSentEvents.ping) == ": ping\n\n")
  }

  @Test func `are lines of JSON`() {
    #expect(text(JSONLines.line(["a": [1, "x\ny"]])) == "{\"a\":[1,\"x\\ny\"]}\n")
  }
}
