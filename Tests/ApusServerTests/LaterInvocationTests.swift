internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Synchronization
internal import Testing

/// Objects in memory, and what is written to them as it comes.
private final class MemoryStorage: ObjectStorage {
  private struct State {
    var objects: [String: [UInt8]] = [:]
    var reads = 0
  }

  private let state = Mutex(State())
  private let gate: AsyncStream<Void>?
  private let written: AsyncStream<ObjectPlace>.Continuation
  private let began: AsyncStream<Void>.Continuation
  /// Has an element for each read that begins.
  let beginnings: AsyncStream<Void>
  /// The places of objects that were written.
  let places: AsyncStream<ObjectPlace>

  /// Reading waits for one element of `gate`, where there is one.
  init(_ objects: [String: String], gate: AsyncStream<Void>? = nil) {
    (places, written) = AsyncStream.makeStream(of: ObjectPlace.self)
    (beginnings, began) = AsyncStream.makeStream(of: Void.self)
    self.gate = gate
    state.withLock { $0.objects = objects.mapValues { Array($0.utf8) } }
  }

  var reads: Int { state.withLock { $0.reads } }

  func text(at place: String) -> String? {
    state.withLock { $0.objects[place] }.map { String(decoding: $0, as: UTF8.self) }
  }

  func object(at place: ObjectPlace, upTo byteCount: Int) async throws(ObjectError) -> [UInt8] {
    began.yield()
    if let gate { _ = await gate.first { _ in true } }
    let bytes = state.withLock { state in
      state.reads += 1
      return state.objects[place.description]
    }
    guard let bytes else { throw .missing }
    guard bytes.count <= byteCount else { throw .tooLarge(limit: byteCount) }
    return bytes
  }

  func put(_ bytes: [UInt8], at place: ObjectPlace, contentType: String) async throws(ObjectError) {
    state.withLock { $0.objects[place.description] = bytes }
    written.yield(place)
  }
}

/// `InvokeEndpointAsync` of SageMaker, with requests and answers in memory.
@Suite(.timeLimit(.minutes(2)))
struct LaterInvocationTests {
  private static let path = "/endpoints/my-endpoint/async-invocations"
  private static let chat = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":6,"seed":3}"#
  private static let input = "s3://inbox/requests/a.json"

  private func server(
    _ storage: MemoryStorage, _ model: TestModel? = nil, waiting: Int = 8,
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    let folders = (
      try #require(ObjectFolder("s3://inbox/requests/")), try #require(ObjectFolder("s3://outbox/answers"))
    )
    var later = LaterInvocations(storage: storage, inputs: [folders.0], output: folders.1)
    later.waiting = waiting
    let quick = try await TestModel.quick()
    return try TestServer(model ?? quick) {
      $0.laterInvocations = later
      configure(&$0)
    }
  }

  private func headers(_ fields: [String: String]) -> HTTPFields {
    var headers = HTTPFields()
    for (name, value) in fields {
      if let field = HTTPField.Name("X-Amzn-SageMaker-" + name) { headers[field] = value }
    }
    return headers
  }

  private func header(_ name: String, _ reply: Reply) -> String? {
    HTTPField.Name("X-Amzn-SageMaker-" + name).flatMap { reply.headers[$0] }
  }

  private func invoke(
    _ server: TestServer, _ fields: [String: String] = [:], key: String? = nil
  ) async throws -> Reply {
    var headers = headers(["InputLocation": Self.input].merging(fields) { $1 })
    headers[.authorization] = key.map { "Bearer " + $0 }
    return try await server.post(Self.path, "", headers: headers)
  }

  @Test func `A request is taken, and its answer is what it would have been at once`() async throws {
    let storage = MemoryStorage([Self.input: Self.chat])
    let server = try await server(storage)
    let reply = try await invoke(server, ["Inference-Id": "my id", "Content-Type": "application/json"])
    #expect(reply.status == 202 && reply.json == ["InferenceId": "my id"], "\(reply.text)")
    let output = try #require(header("OutputLocation", reply))
    #expect(output.hasPrefix("s3://outbox/answers/") && output.hasSuffix(".out"))
    #expect(header("FailureLocation", reply)?.hasPrefix("s3://outbox/answers/failures/") == true)
    #expect(await storage.places.first { _ in true }?.description == output)
    let answer = try JSONParser.parse(storage.text(at: output) ?? "")
    let direct = try await server.post("/endpoints/my-endpoint/invocations", Self.chat)
    #expect(answer["choices"] == direct.json["choices"] && direct.status == 200)
  }

  @Test(arguments: [
    ("s3://inbox/requests/none.json", "no such object"), ("s3://inbox/requests/wrong.json", "messages"),
    ("s3://inbox/requests/large.json", "more than 2000 bytes"),
  ])
  func `What fails is told where failures are written`(_ input: String, _ reason: String) async throws {
    let storage = MemoryStorage([
      "s3://inbox/requests/wrong.json": #"{"messages":3}"#,
      "s3://inbox/requests/large.json": String(repeating: " ", count: 3000),
    ])
    let server = try await server(storage) { $0.limits.invocationByteCount = 2000 }
    let reply = try await invoke(server, ["InputLocation": input])
    #expect(reply.status == 202 && reply.json["InferenceId"]?.text?.isEmpty == false, "\(reply.text)")
    let failure = try #require(header("FailureLocation", reply))
    #expect(await storage.places.first { _ in true }?.description == failure)
    let body = try JSONParser.parse(storage.text(at: failure) ?? "")
    #expect(body["Message"]?.text?.contains(reason) == true, "\(body)")
  }

  @Test(arguments: [
    ["InputLocation": "s3://other/requests/a.json"], ["InputLocation": "s3://inbox/requests-secret/a.json"],
    ["InputLocation": "s3://inbox/a.json"], ["InputLocation": "s3://inbox/requests/../a.json"],
    ["InputLocation": "s3://inbox/requests/"], ["InputLocation": "s3://inbox/requests"],
    ["InputLocation": "s3://inbox"],
    ["InputLocation": "https://inbox/requests/a.json"], ["InputLocation": "file:///etc/passwd"], ["InputLocation": ""],
    ["RequestTTLSeconds": "59"], ["RequestTTLSeconds": "x"], ["InvocationTimeoutSeconds": "0"],
    ["InvocationTimeoutSeconds": "3601"], ["Inference-Id": String(repeating: "a", count: 65)],
    ["Filename": "a.out"], ["S3OutputPathExtension": "a"],
  ])
  func `What may not be read, or is wrong, is refused before anything is read`(_ fields: [String: String]) async throws
  {
    let storage = MemoryStorage([:])
    let reply = try await invoke(server(storage), fields)
    #expect(reply.status == 400 && reply.awsError == "ValidationError", "\(reply.text)")
    #expect(storage.reads == 0)
  }

  @Test func `As many wait as may, and one more is told to come again`() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let storage = MemoryStorage([Self.input: Self.chat], gate: gate)
    let server = try await server(storage, waiting: 1)
    // The first is worked on, the second waits.
    #expect(try await invoke(server).status == 202)
    _ = await storage.beginnings.first { _ in true }
    #expect(try await invoke(server).status == 202)
    let full = try await invoke(server)
    #expect(full.status == 503 && full.awsError == "ServiceUnavailable", "\(full.text)")
    #expect(full.headers[.retryAfter] != nil)
    open.yield()
    open.yield()
    var places = storage.places.makeAsyncIterator()
    for _ in 0..<2 { #expect(await places.next()?.description.hasSuffix(".out") == true) }
  }

  @Test func `One that must wait for a limit of its key lets others go first`() async throws {
    let storage = MemoryStorage([Self.input: Self.chat])
    let lines = ["slow requests-per-minute=1", "fast"].map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      return "\(words[0]) \(KeyDigest(of: "key of \(words[0])").text) \(words.dropFirst().joined())"
    }
    let server = try await server(storage) { $0.keyFile = MemoryFile(lines.joined(separator: "\n")) }
    var outputs: [String?] = []
    for name in ["slow", "slow", "fast"] {
      let reply = try await invoke(server, key: "key of \(name)")
      #expect(reply.status == 202, "\(reply.text)")
      outputs.append(header("OutputLocation", reply))
    }
    var places = storage.places.makeAsyncIterator()
    #expect(await places.next()?.description == outputs[0])
    #expect(await places.next()?.description == outputs[2])
  }

  @Test func `When the server ends, what waits has failed, and what is worked on is answered`() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let storage = MemoryStorage([Self.input: Self.chat], gate: gate)
    let server = try await server(storage) { $0.listen = [ListenAddress(host: "127.0.0.1", port: 0)] }
    let (readiness, ready) = AsyncStream.makeStream(of: Void.self)
    let running = Task { try await server.run { ready.finish() } }
    for await _ in readiness {}
    let first = try await invoke(server)
    _ = await storage.beginnings.first { _ in true }
    let second = try await invoke(server)
    #expect(first.status == 202 && second.status == 202, "\(first.text) \(second.text)")
    running.cancel()
    var places = storage.places.makeAsyncIterator()
    #expect(await places.next()?.description == header("FailureLocation", second))
    #expect(try await invoke(server).status == 503)
    open.yield()
    #expect(await places.next()?.description == header("OutputLocation", first))
    _ = await running.result
  }

  @Test func `A stream that is cut is no answer`() async throws {
    let model = try await TestModel.slow()
    let request = #"{"prompt":"a","max_tokens":30000,"ignore_eos":true,"stream":true}"#
    let storage = MemoryStorage([Self.input: request])
    let server = try await server(storage, model)
    let failure = try #require(header("FailureLocation", try await invoke(server)))
    while model.model.engine.health.running == 0 { await Task.yield() }
    model.model.engine.cancelAll()
    #expect(await storage.places.first { _ in true }?.description == failure)
  }

  @Test func `An endpoint that is not known is refused at once`() async throws {
    let storage = MemoryStorage([Self.input: Self.chat])
    let server = try await server(storage) { $0.hasStrictModels = true }
    let reply = try await invoke(server)
    #expect(reply.status == 400 && reply.awsError == "ValidationError" && storage.reads == 0, "\(reply.text)")
  }

  @Test func `Places and folders are read strictly`() throws {
    let place = try #require(ObjectPlace("s3://my-bucket/a/b c.json"))
    #expect(
      place.bucket == "my-bucket" && place.key == "a/b c.json" && place.description == "s3://my-bucket/a/b c.json")
    for text in [
      "s3://my-bucket", "s3://my-bucket/", "s3://B/a", "s3://a/b", "s3://my-bucket/a/./b", "s3://my-bucket/..",
      "S3://my-bucket/a",
    ] {
      #expect(ObjectPlace(text) == nil, "\(text)")
    }
    for text in ["s3://", "s3://my_bucket", "my-bucket/a", "s3://my-bucket/../a"] {
      #expect(ObjectFolder(text) == nil, "\(text)")
    }
    let whole = try #require(ObjectFolder("s3://my-bucket"))
    #expect(whole.holds(place) && whole.place("x")?.description == "s3://my-bucket/x")
    let part = try #require(ObjectFolder("s3://my-bucket/a/"))
    #expect(part.holds(place) && part.place("x")?.description == "s3://my-bucket/a/x")
    #expect(try !part.holds(#require(ObjectPlace("s3://my-bucket/ab"))))
    #expect(try !part.holds(#require(ObjectPlace("s3://my-bucket/a"))))
  }

  @Test(arguments: ["ftp://127.0.0.1", "127.0.0.1:9000", "http://127.0.0.1/path", "http://user@127.0.0.1", "http://"])
  func `The address of a store is checked at start`(_ endpoint: String) {
    #expect(throws: ServerError.self) {
      try S3Storage(
        endpoint: endpoint, region: "us-east-1", credentials: .init(id: "a", secret: "b", sessionToken: nil))
    }
  }
}
