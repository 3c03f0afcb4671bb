internal import ApusCLI
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `Settings` {
  private let table = SettingTable(
    [
      Setting("model", .arguments), Setting("listen", .values, defaultValue: "127.0.0.1:8080"),
      Setting("queue", .value, defaultValue: "16"), Setting("context", .value, shortName: "c"),
      Setting("insecure", .flag, defaultValue: "false"), Setting("api-key", .values, isSecret: true),
    ], others: [Setting("config", .value), Setting("print-config", .flag)])

  private func file(_ text: String) throws -> [GivenSetting] { try SettingFile.parse(text, "s.yaml", table) }

  private func values(_ given: [GivenSetting]) -> [String: [String]] {
    Dictionary(uniqueKeysWithValues: given.map { ($0.setting.name, $0.values) })
  }

  @Test func `of a command line are found in all its ways to write them`() throws {
    let given = try table.given(in: [
      "a", "--queue=5", "-c", "9", "--insecure", "--listen", "x", "b", "--listen=y", "--", "-d",
    ])
    #expect(
      values(given) == [
        "model": ["a", "b", "-d"], "listen": ["x", "y"], "queue": ["5"], "context": ["9"], "insecure": ["true"],
      ])
    #expect(try values(table.given(in: ["--queue", "1", "--queue", "2"])) == ["queue": ["2"]])
  }

  @Test func `of the environment have its way of names, and lists have commas, but no secret is cut`() throws {
    let environment = [
      "APUS_MODEL": "a,b", "APUS_QUEUE": "7", "APUS_INSECURE": "On", "APUS_API_KEY": "k,l", "APUS_OTHER": "x",
    ]
    let given = try table.given { environment[$0] }
    #expect(values(given) == ["model": ["a", "b"], "queue": ["7"], "insecure": ["true"], "api-key": ["k,l"]])
    #expect(given.map(\.origin.description) == ["APUS_MODEL", "APUS_QUEUE", "APUS_INSECURE", "APUS_API_KEY"])
  }

  @Test func `of a file are texts, numbers, words and lists, each with its line`() throws {
    let given = try file("# all\nqueue: 3\nlisten: [a:1, '[::1]:2']\n\ninsecure: no\nmodel:\n  - x\n  - 'null'\n")
    #expect(
      values(given) == ["queue": ["3"], "listen": ["a:1", "[::1]:2"], "insecure": ["false"], "model": ["x", "null"]])
    #expect(given.map(\.origin.description) == ["s.yaml:2", "s.yaml:3", "s.yaml:5", "s.yaml:6"])
    #expect(try file("").isEmpty && file("# nothing\n").isEmpty)
    #expect(try values(file("listen: a:1")) == ["listen": ["a:1"]])
    #expect(try values(file("listen: {a*: b, c: 3}")) == ["listen": ["a*=b", "c=3"]])
  }

  @Test(arguments: [
    ("qeue: 3", "s.yaml:1: there is no setting 'qeue': did you mean 'queue'?"),
    ("queue: 3\nnonsense: 1", "s.yaml:2: there is no setting 'nonsense': --print-config shows them all"),
    ("\n\nqueue: [1, 2]", "s.yaml:3: queue takes one value, not a list"),
    ("queue: {a: 1}", "s.yaml:1: queue takes one value"),
    ("listen: [[a]]", "s.yaml:1: listen takes a list of texts"),
    ("listen: {a: [b]}", "s.yaml:1: listen takes a list of texts"),
    ("listen: {}", "s.yaml:1: listen takes a list of texts"),
    ("listen: []", "s.yaml:1: listen takes at least one value"),
    ("queue:", "s.yaml:1: queue has no value: give one, or leave the line out"),
    ("queue: ~", "s.yaml:1: queue has no value: give one, or leave the line out"),
    ("insecure: maybe", "s.yaml:1: insecure is true or false"),
    ("# x\nqueue: 1\n\nqueue : 2", "s.yaml:4: 'queue' stands there twice, in line 2, too"),
    ("{queue: 1, queue: 2}", "s.yaml:1: 'queue' stands there twice"),
    ("[queue]", "s.yaml:1: settings are lines such as 'queue: 16'"),
    ("[a]: 3", "s.yaml:1: a setting has a name, such as 'queue'"),
    ("queue: 'open", "s.yaml:1: this is not YAML: found unexpected end of stream"),
    ("queue: 1\n\t- x", "s.yaml:2: this is not YAML: found a tab character that violates indentation"),
    ("queue: *a", "s.yaml:1: this is not YAML: found undefined alias"),
    ("\u{1}", "s.yaml is not YAML: it has characters that no text has"),
  ])
  func `of a file that are wrong are told with their place`(_ text: String, _ message: String) {
    #expect(performing: { try file(text) }, throws: { ($0 as? Failure)?.description == message })
  }

  @Test func `follow from a folder with one model, where none is named`() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.resolvingSymlinksInPath().path
    func given(_ others: [GivenSetting] = []) throws -> [String: [String]] {
      values(try ContainerSettings.given(folder.url.path, table, beside: others))
    }
    #expect(try given().isEmpty)
    for name in ["b-00002-of-00002.gguf", "b-00001-of-00002.gguf", "notes.txt"] {
      try Data().write(to: URL(fileURLWithPath: folder.path(name)))
    }
    let model = ["model": [path + "/b-00001-of-00002.gguf"]]
    let open = ["listen": ["0.0.0.0:8080"], "insecure": ["true"]]
    #expect(try given() == model.merging(open) { $1 })
    #expect(try given(table.given(in: ["--api-key", "k"])) == model.merging(["listen": ["0.0.0.0:8080"]]) { $1 })
    #expect(try given(table.given(in: ["--listen", "9"])) == model)
    #expect(try given(table.given(in: ["a.gguf"])).isEmpty)
    try Data().write(to: URL(fileURLWithPath: folder.path("a.gguf")))
    #expect(throws: Failure.self) { try given() }
    #expect(try given(table.given(in: ["a.gguf"])).isEmpty)
  }

  @Test func `of a hostile file end in an error`() {
    let deep = String(repeating: "[", count: 500_000)
    let indented = String(repeating: "- ", count: 500_000)
    let laughs = (1..<30).reduce("a0: &a0 [x, x]\n") { $0 + "a\($1): &a\($1) [*a\($1 - 1), *a\($1 - 1)]\n" }
    for text in [
      deep, indented, "queue: " + deep, "? " + deep, laughs, "{" + String(repeating: "a: {", count: 100_000),
    ] {
      #expect(throws: Failure.self) { try file(text) }
    }
  }

  @Test func `of the command line go first, then the environment, then the file; keys add up`() throws {
    let line = try table.given(in: ["--queue", "1"])
    let environment = try table.given { ["APUS_QUEUE": "2", "APUS_LISTEN": "e", "APUS_API_KEY": "k"][$0] }
    let settings = try file("queue: 3\nlisten: f\nmodel: [m, -n]\napi-key: l\ninsecure: true")
    let choice = SettingChoice(table, [line, environment, settings])
    #expect(
      choice.completing(["--queue", "1"])
        == ["--listen=e", "--insecure", "--api-key=k", "--api-key=l", "--queue", "1", "--", "m", "-n"])
    let off = try table.given { ["APUS_INSECURE": "false"][$0] }
    #expect(SettingChoice(table, [[], off, settings]).completing([]).contains("--insecure") == false)
  }

  @Test func `are shown with their origins, and secrets are not`() throws {
    let settings = try file("queue: 3\nlisten: [a:1, \"b c\"]\napi-key: hidden\nmodel: \"a\\e[1m\"")
    let report = SettingReport(SettingChoice(table, [try table.given(in: ["-c", "7"]), settings]))
    #expect(
      report.yaml == [
        "model: [\"a\\u001b[1m\"]  # s.yaml:4", "listen: [\"a:1\", \"b c\"]  # s.yaml:2", "queue: 3  # s.yaml:1",
        "context: 7  # command line", "insecure: false  # default", "# api-key: (not shown)  # s.yaml:3",
      ])
    #expect(report.table.contains("queue     3            s.yaml:1"))
    #expect(!report.table.joined().contains("hidden") && !report.table.joined().contains("\u{1B}"))
    let again = try values(file(report.yaml.joined(separator: "\n")))
    #expect(again["model"] == ["a\u{1B}[1m"] && again["listen"] == ["a:1", "b c"] && again["context"] == ["7"])
  }
}

@Suite struct `The settings of the server` {
  @Test func `come from all three places, and each is shown with its origin`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("serve.yaml")
    try Data("queue: 3\nidle-timeout: 20\nmodel: [a=a.gguf, b.gguf]\nkv: q8_0\n".utf8).write(
      to: URL(fileURLWithPath: path))
    let result = try Program.run(
      "serve", "--print-config", "--queue", "1", "-t", "2",
      environment: [
        "APUS_CONFIG": path, "APUS_QUEUE": "2", "APUS_DRAIN_TIMEOUT": "5", "APUS_API_KEY": "secret",
        "APUS_AWS_CREDENTIALS": "keys", "APUS_SIGV4": "require", "APUS_FILE_SIZE": "1.5M",
      ])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    for line in [
      "queue: 1  # command line", "idle-timeout: 20  # \(path):2", "model: [\"a=a.gguf\", b.gguf]  # \(path):3",
      "drain-timeout: 5  # APUS_DRAIN_TIMEOUT", "queue-timeout: 600  # default", "threads: 2  # command line",
      "listen: [\"127.0.0.1:8080\"]  # default", "# api-key: (not shown)  # APUS_API_KEY", "kv: q8_0  # \(path):4",
      "files-room: 4G  # default", "file-size: 1.5M  # APUS_FILE_SIZE", "files-keep-days: 30  # default",
      "max-body: 8M  # default", "max-invocation-body: 32M  # default", "# memory: not set",
      "aws-credentials: keys  # APUS_AWS_CREDENTIALS", "sigv4: require  # APUS_SIGV4",
    ] {
      #expect(result.lines.contains(line), "\(line) in \(result.text)")
    }
    #expect(!result.text.contains("secret"))
    // What it shows is such a file.
    try result.output.write(to: URL(fileURLWithPath: path))
    let again = try Program.run("serve", "--print-config", "--config", path)
    #expect(again.code == 0 && again.text.contains("queue: 1  # \(path):"), "\(again.errors)\(again.text)")
  }

  @Test(arguments: [
    ("queue: many", [:], "s.yaml:1: The value 'many' is invalid for '--queue <n>'"),
    ("queue: 99999", [:], "s.yaml:1: --queue must be 0 to 10000, not 99999"),
    ("", ["APUS_QUEUE": "x"], "APUS_QUEUE: The value 'x' is invalid for '--queue <n>'"),
    ("files-keep-days: 1", [:], "s.yaml:1: --files-keep-days must be 2 to 36500, not 1"),
    ("batch-request-size: 1G", [:], "s.yaml:1: --batch-request-size must be at most 64M, not 1G"),
    ("kernels: abacus", [:], "s.yaml:1: --kernels asks for kernels 'abacus', which do not exist"),
    ("config: other.yaml", [:], "s.yaml:1: there is no setting 'config'"),
    ("queue: 1", [:], "no model is named"),
  ])
  func `that are wrong are an error with their place`(
    _ text: String, _ environment: [String: String], _ message: String
  ) throws {
    let folder = try TemporaryFolder()
    try Data(text.utf8).write(to: folder.url.appendingPathComponent("s.yaml"))
    let result = try Program.run(["serve", "--config", folder.path("s.yaml")], environment: environment)
    #expect(result.code == 64)
    #expect(result.errors.hasPrefix("Error: ") && result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func `may have no file that is not there`() throws {
    let result = try Program.run("serve", "m.gguf", "--config", "/no/such/file.yaml")
    #expect(result.code == 1 && result.errors.contains("/no/such/file.yaml"), "\(result.errors)")
  }
}
