internal import ApusJSON
internal import ApusServer
internal import Logging
internal import Testing

struct ConfigurationTests {
  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1", 8080, true), ("9000", "127.0.0.1", 9000, true), ("[::1]:1", "::1", 1, true),
    ("localhost:0", "localhost", 0, true), ("0.0.0.0:80", "0.0.0.0", 80, false), ("[::]:80", "::", 80, false),
    ("127.evil.example:80", "127.evil.example", 80, false), ("host:65535", "host", 65535, false),
  ])
  func `Addresses are read`(_ text: String, _ host: String, _ port: Int, _ isLoopback: Bool) throws {
    let address = try ListenAddress(text)
    #expect(address == ListenAddress(host: host, port: port))
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: ["", ":", "host:", ":80", "host:65536", "host:-1", "host:+1", "host:8o", "::1:80", "a:b:1", "x"])
  func `What is no address is an error that says how to write one`(_ text: String) {
    #expect(throws: ServerError.invalidAddress(text)) { try ListenAddress(text) }
  }

  @Test func `Listening beyond this machine needs a key or a clear word`() throws {
    var configuration = ServerConfiguration()
    let open = ListenAddress(host: "0.0.0.0", port: 80)
    configuration.listen.append(open)
    #expect(throws: ServerError.keyNeeded(open)) { try configuration.validated() }
    configuration.allowsOpenAccess = true
    #expect(throws: Never.self) { try configuration.validated() }
    configuration.allowsOpenAccess = false
    configuration.apiKeys = ["key"]
    #expect(throws: Never.self) { try configuration.validated() }
  }

  @Test func `Connections follow the file descriptors, and too few are an error`() throws {
    let configuration = ServerConfiguration()
    #expect(try configuration.fitting(descriptors: 65536, used: 10).maximumConnections == 960)
    for (memory, count) in [(0, 960), (1 << 30, 1024), (8 << 30, 8192), (1 << 40, 16_384)] {
      #expect(try configuration.fitting(descriptors: 65536, used: 10, memory: memory).maximumConnections == count)
    }
    let both = try configuration.fitting(descriptors: 4096, used: 10, memory: 1 << 40)
    #expect((3500..<4096).contains(both.maximumConnections))
    let few = try configuration.fitting(descriptors: 1024, used: 500).maximumConnections
    #expect((100..<524).contains(few))
    var least = 0
    while (try? configuration.fitting(descriptors: least, used: 4)) == nil { least += 1 }
    #expect(throws: ServerError.fewDescriptors(limit: least - 1, needed: least)) {
      try configuration.fitting(descriptors: least - 1, used: 4)
    }
    #expect(try configuration.fitting(descriptors: least, used: 4).maximumConnections > 1)
  }

  @Test(arguments: ["", " ", "a b", "http://name", "name/", "[::1", "a:b", "name."])
  func `Names to allow are names`(_ name: String) {
    var configuration = ServerConfiguration()
    configuration.allowedHosts = [name]
    let isName = name == "name."
    #expect(((try? configuration.validated()) != nil) == isName)
  }

  @Test(arguments: [
    ("*", true), ("null", true), ("https://chat.example", true), ("http://localhost:3000", true),
    ("app://local", true), ("http://[::1]:5173", true), ("foo", false), ("", false), ("chat.example:80", false),
    ("https://chat.example/", false), ("https://chat.example/path", false), ("://chat.example", false),
    ("https://", false), ("https://*.example", false), ("https://a b", false),
  ])
  func `Origins to allow are origins that a browser can name`(_ origin: String, _ isOrigin: Bool) {
    var configuration = ServerConfiguration()
    configuration.allowedOrigins = [origin]
    #expect(((try? configuration.validated()) != nil) == isOrigin)
  }

  @Test(arguments: ["", "with space", "tab\t", "ü", String(repeating: "k", count: 1025)])
  func `Keys that no client can send are refused`(_ key: String) {
    var configuration = ServerConfiguration()
    configuration.apiKeys = [key]
    #expect(throws: ServerError.invalidKey) { try configuration.validated() }
  }

  @Test func `A log entry is one line of JSON, whatever it holds`() throws {
    let hold = LineHold()
    let logger = Logger(label: "l") { label in
      LineLogHandler(label: label, now: { "then" }, write: { hold.add($0) })
    }
    logger.info("a\n{\"level\":\"fake\"}", metadata: ["k": "v\r\n\"", "n": .stringConvertible(3), "message": "x"])
    let line = try #require(hold.lines.first)
    #expect(hold.lines.count == 1)
    #expect(line.dropLast().allSatisfy { $0 != 0x0A && $0 != 0x0D })
    let json = try JSONParser.parse(line)
    #expect(json["message"] == "a\n{\"level\":\"fake\"}")
    #expect(json["level"] == "info")
    #expect(json["k"] == "v\r\n\"")
    #expect(json["n"] == 3)
    #expect(json["time"] == "then")
  }

  @Test func `At a terminal a log entry is one line of words, which the terminal does not obey`() {
    let line = LogFormat.text.line(
      .info, "a\nb\u{1B}[2J", label: "l", time: "then",
      metadata: [
        "n": .stringConvertible(3), "k": "v w", "c": "\u{9B}\u{7F}x", "e": "", "q": "a=\"b\"", "l": ["a b", "c"],
      ])
    let expected =
      #"then INFO    a\u{a}b\u{1b}[2J c=\u{9b}\u{7f}x e="" k="v w" l=["a b","c"] n=3 q="a=\"b\"""# + "\n"
    #expect(String(decoding: line, as: UTF8.self) == expected)
  }
}
