internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import ApusWire
internal import HTTPTypes
internal import Testing

@Suite struct `Signed requests` {
  private let key = AccessKey(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
  private let path = "/model/anthropic.claude-3-sonnet-20240229-v1%3A0/invoke"
  private let body = #"{"prompt":"hi"}"#

  private func server(_ configure: (inout ServerConfiguration) -> Void = { _ in }) async throws -> TestServer {
    try TestServer(await TestModel.quick()) {
      $0.accessKeys = [key]
      $0.unixTime = { 1_704_164_645 }
      configure(&$0)
    }
  }

  /// The request's headers as botocore makes them, with `signature` or the right one.
  private func headers(
    _ signature: String = "f006622d5a8d0e87ac3c53672e953a606a4294b02b3f7292f9164d8abafec276",
    date: String = "20240102T030405Z"
  ) throws -> HTTPFields {
    var headers: HTTPFields = [.contentType: "application/json"]
    headers[try #require(HTTPField.Name("x-amz-date"))] = date
    headers[.authorization] =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\(date.prefix(8))/us-east-1/bedrock/aws4_request, "
      + "SignedHeaders=content-type;host;x-amz-date, Signature=" + signature
    return headers
  }

  private func post(_ server: TestServer, _ headers: HTTPFields, _ body: String? = nil) async throws -> Reply {
    try await server.send(
      .post, path, host: "127.0.0.1:8080", headers: headers, body: Array((body ?? self.body).utf8))
  }

  @Test func `are let in where head and body are signed with a known key`() async throws {
    let server = try await server()
    let reply = try await post(server, headers())
    #expect(reply.status == 200, "\(reply.text)")
    let otherBody = try await post(server, headers(), body + " ")
    #expect(otherBody.status == 403 && otherBody.awsError == "InvalidSignatureException", "\(otherBody.text)")
    let other = try await post(server, headers(String(repeating: "0", count: 64)))
    #expect(other.awsError == "InvalidSignatureException")
    let old = try await post(server, headers(date: "20240102T020405Z"))
    #expect(old.awsError == "InvalidSignatureException" && old.json["message"]?.text?.contains("expired") == true)
    let unsigned = try await post(server, [:])
    #expect(unsigned.status == 403 && unsigned.awsError == "MissingAuthenticationTokenException")
    let runtime = try await server.post("/endpoints/x/invocations", "{}", headers: headers())
    #expect(runtime.status == 403 && runtime.awsError == "InvalidSignatureException", "\(runtime.text)")
  }

  @Test func `open no path of other dialects`() async throws {
    let server = try await server()
    for path in ["/v1/models", "/foundation-models", "/nothing"] {
      #expect([401, 403].contains(try await server.send(.get, path, headers: headers()).status), "\(path)")
    }
    #expect(try await server.send(.get, "/health").status == 200)
  }

  @Test func `stand beside keys that are sent`() async throws {
    let server = try await server { $0.apiKeys = ["secret"] }
    #expect(try await post(server, headers()).status == 200)
    #expect(try await post(server, [.authorization: "Bearer secret"]).status == 200)
    #expect(try await post(server, [:]).awsError == "AccessDeniedException")
    let wrong = try await post(server, headers(String(repeating: "0", count: 64)))
    #expect(wrong.awsError == "InvalidSignatureException")
  }

  @Test func `are let in by a token that a signature makes`() async throws {
    let server = try await server()
    let token = "bedrock-api-key-" + "x"
    #expect(try await post(server, [.authorization: "Bearer \(token)"]).awsError == "UnrecognizedClientException")
  }

  @Test func `are checked with a file, which is read again when it has changed`() async throws {
    let text = "[ci]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = "
    let (file, log) = (MemoryFile(text + "wrong"), LineHold())
    let server = try TestServer(await TestModel.quick(), logger: log.logger) {
      $0.accessKeyFile = file
      $0.unixTime = { 1_704_164_645 }
    }
    #expect(try await post(server, headers()).awsError == "InvalidSignatureException")
    file.write(text + "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    try await Task.sleep(for: .milliseconds(1100))
    #expect(try await post(server, headers()).status == 200)
    #expect(log.requests.map { $0["key"] } == [nil, "ci"])
    for text in ["", "x", "[a]\naws_access_key_id = a"] {
      #expect(throws: ServerError.self) {
        var configuration = ServerConfiguration()
        configuration.accessKeyFile = MemoryFile(text)
        _ = try configuration.validated()
      }
    }
  }

  @Test func `are checked with keys that are read again when the server is told to, as other keys are`() async throws {
    let text = "[ci]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = x"
    let (keys, accessKeys, log) = (MemoryFile("a"), MemoryFile(text), LineHold())
    var configuration = ServerConfiguration()
    (configuration.keyFile, configuration.accessKeyFile) = (keys, accessKeys)
    let pool = ModelPool(try await TestModel.quick().model, name: "tiny")
    let server = try Server(pool, configuration: configuration, logger: log.logger)
    keys.write("a\nb")
    accessKeys.write("")
    server.readAgain()
    let lines = try log.lines.map { try JSONParser.parse($0) }
    #expect(
      lines.map { $0["message"] } == [
        "the keys were read again", "the file of keys is wrong: the keys stay as they were",
      ])
    #expect(lines.first?["keys"] == 2)
  }

  @Test func `have the limits, models and end of the API key of the same name`() async throws {
    let named = AccessKey(id: key.id, secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", name: "ci")
    for (more, status) in [
      ("", [200, 200]), ("requests-per-minute=1", [200, 429]), ("models=none", [404, 404]),
      ("expires=2024-01-01", [403, 403]),
    ] {
      let server = try await server {
        $0.accessKeys = [named]
        $0.keyFile = MemoryFile("ci \(KeyDigest(of: "secret").text) \(more)")
      }
      for status in status { #expect(try await post(server, headers()).status == status, "\(more)") }
    }
  }

  @Test func `are the only way to AWS's paths where they are required`() async throws {
    let server = try await server {
      $0.apiKeys = ["secret"]
      $0.signatureMode = .require
    }
    #expect(try await post(server, headers()).status == 200)
    let bearer: HTTPFields = [.authorization: "Bearer secret"]
    #expect(try await post(server, bearer).awsError == "MissingAuthenticationTokenException")
    #expect(try await server.send(.get, "/v1/models", headers: bearer).status == 200)
    var without = ServerConfiguration()
    without.signatureMode = .require
    #expect(throws: ServerError.self) { try without.validated() }
  }

  @Test func `are left aside where they are ignored`() async throws {
    let wrong = try headers(String(repeating: "0", count: 64))
    let open = try await server { $0.signatureMode = .ignore }
    #expect(try await post(open, wrong).status == 200)
    let keyed = try await server {
      $0.apiKeys = ["secret"]
      $0.signatureMode = .ignore
    }
    #expect(try await post(keyed, headers()).awsError == "AccessDeniedException")
  }

  @Test func `say nothing where the server knows no such keys`() async throws {
    let server = try await server { $0.accessKeys = [] }
    #expect(try await post(server, headers(String(repeating: "0", count: 64))).status == 200)
  }
}
