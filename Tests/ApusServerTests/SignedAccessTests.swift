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

  @Test func `say nothing where the server knows no such keys`() async throws {
    let server = try await server { $0.accessKeys = [] }
    #expect(try await post(server, headers(String(repeating: "0", count: 64))).status == 200)
  }
}
