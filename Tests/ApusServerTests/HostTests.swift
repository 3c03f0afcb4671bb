internal import ApusServer
internal import HTTPTypes
internal import Testing

/// Under which names a server may be asked, and by which pages.
struct HostTests {
  private static let strange = [
    "evil.example", "evil.example:8080", "localhost.evil", "127.0.0.1.evil:80", "localhost..", "..", ".", "",
    "192.168.1.5", "0.0.0.0", "[2001:db8::1]", "[::1", "::1", "localhost@evil", "evil@localhost", "localhost:80:80",
    "localhost:x", "localhost:123456", "localhost, evil", "127.1", "127.0.0.256", "127.0.0.+1", "0127.0.0.1",
  ]
  private static let own = [
    "localhost", "LOCALHOST:80", "localhost.", "localhost:", "127.0.0.1", "127.0.0.1:8080", "127.255.0.9", "[::1]",
    "[::1]:65535", "[0:0:0:0:0:0:0:1]",
  ]

  @Test(arguments: strange)
  func `A server on this machine alone is not asked under a strange name`(_ host: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for (method, path) in [
      (HTTPRequest.Method.get, "/"), (.get, "/health"), (.post, "/v1/completions"), (.options, "/v1/models"),
      (.head, "/v1/models"), (.delete, "/nothing"),
    ] {
      let reply = try await server.send(method, path, host: host)
      #expect(reply.status == 403)
      if method != .head { #expect(reply.isAPIError) }
    }
    let page = try await server.send(.get, "/health", host: host, headers: [.origin: "http://" + host])
    #expect(page.status == 403)
  }

  @Test(arguments: own)
  func `It is asked under the names of this machine`(_ host: String) async throws {
    let server = try TestServer(await TestModel.quick())
    #expect(try await server.send(.get, "/health", host: host).status == 200)
    let page = try await server.send(.get, "/health", host: host, headers: [.origin: "http://" + host])
    #expect(page.status == 200)
  }

  @Test func `Names that were given are allowed, whatever their port`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.allowedHosts = ["Chat.example", "10.1.2.3:80"] }
    for host in ["chat.example", "CHAT.example:99", "chat.example.", "10.1.2.3", "localhost"] {
      #expect(try await server.send(.get, "/health", host: host).status == 200)
    }
    #expect(try await server.send(.get, "/health", host: "chat.example.evil").status == 403)
    let own = try await server.send(.get, "/health", host: "chat.example", headers: [.origin: "https://chat.example"])
    #expect(own.status == 200)
    let other = try await server.send(.get, "/health", host: "chat.example", headers: [.origin: "https://evil.example"])
    #expect(other.status == 403)
  }

  @Test func `A server that something else protects answers to any name, unless it was given some`() async throws {
    let model = try await TestModel.quick()
    let withKey = try TestServer(model) { $0.apiKeys = ["key"] }
    #expect(try await withKey.send(.get, "/health", host: "chat.example").status == 200)
    let open = try TestServer(model) {
      $0.listen = [ListenAddress(host: "0.0.0.0", port: 80)]
      $0.allowsOpenAccess = true
    }
    #expect(try await open.send(.get, "/health", host: "chat.example").status == 200)
    let named = try TestServer(model) {
      $0.apiKeys = ["key"]
      $0.allowedHosts = ["chat.example"]
    }
    #expect(try await named.send(.get, "/health", host: "chat.example").status == 200)
    #expect(try await named.send(.get, "/health", host: "evil.example").status == 403)
  }
}
