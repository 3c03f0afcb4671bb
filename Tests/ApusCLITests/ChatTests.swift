internal import ApusJSON
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `A chat through a pipe` {
  private let model: TinyModelFile

  init() throws { model = try TinyModelFile() }

  private func chat(_ lines: String..., options: [String] = []) throws -> Program.Result {
    let arguments = ["run", model.path, "--chat", "-n", "5", "--temperature", "0", "--ignore-eos"] + options
    return try Program.run(arguments, input: Data(lines.joined(separator: "\n").utf8))
  }

  @Test func `answers lines, saves and loads the conversation`() throws {
    let path = model.folder.path("chat.json")
    let result = try chat("the", "/save \(path)", "/exit", "never said", options: ["--system", "in a word"])
    let note = "Note: the answer was cut at 5 tokens: --max-tokens allows no more.\n"
    #expect(result.code == 0 && result.errors == note, "\(result.errors)")
    let saved = try JSONParser.parse(String(contentsOfFile: path, encoding: .utf8))
    #expect(saved["messages"]?.elements.map { $0["role"] } == ["system", "user", "assistant"])
    #expect(saved["messages"]?.elements.last?["content"]?.text.map { $0 + "\n" } == result.text)
    let copy = model.folder.path("copy.json")
    #expect(try chat("/load \(path)", "/save \(copy)").code == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test func `goes on from a file, with what was computed`() throws {
    let (path, copy) = (model.folder.path("chat.apus"), model.folder.path("copy.json"))
    let whole = try chat("the", "cat", "/save \(copy)")
    let messages = try Data(contentsOf: URL(fileURLWithPath: copy))
    let parts = try ["the", "cat"].map { try chat($0, "/save \(copy)", options: ["--session", path]) }
    #expect(parts.map(\.code) == [0, 0] && parts.map(\.text).joined() == whole.text)
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == messages)
    // Another cache: what was said goes on, and a warning says that it is computed again.
    let other = try chat("cat", options: ["--session", path, "--kernels", "reference"])
    #expect(other.code == 0)
    #expect(try chat("cat", options: ["--session", path, "--system", "x"]).code == 64)
    try model.folder.write(Array("nonsense".utf8), to: "nonsense")
    #expect(try chat("cat", options: ["--session", model.folder.path("nonsense")]).code == 1)
    #expect(try Data(contentsOf: URL(fileURLWithPath: model.folder.path("nonsense"))) == Data("nonsense".utf8))
  }

  @Test func `forgets the conversation`() throws {
    let path = model.folder.path("chat.json")
    #expect(try chat("the", "/reset", "/save \(path)").code == 0)
    #expect(try JSONParser.parse(String(contentsOfFile: path, encoding: .utf8))["messages"] == [])
  }

  @Test func `options can be set`() throws {
    #expect(try chat("/set temperature 0.2", "/set top_k 5", "/set --stop x", "/set seed 5", "/set").code == 0)
    #expect(try chat("/set max-tokens 2", "the").output.count < chat("the").output.count)
  }

  @Test(arguments: [
    "/nonsense", "/save", "/load", "/load /no/such/file", "/set temperature", "/set temperature warm",
    "/set temperature 1000", "/set nonsense 1", "/save /no/such/folder/file",
  ])
  func `a wrong command is a sentence`(_ line: String) throws {
    let result = try chat(line)
    #expect(result.code == 1 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test(arguments: [
    "", "nonsense", "[]x", "5", "{\"messages\": 5}", "[{}]", "[{\"role\": \"user\"}]", "[5]",
    "[{\"role\": \"nobody\", \"content\": \"\"}]", "[{\"role\": \"user\", \"content\": 5}]",
    "[" + Array(repeating: "{\"role\": \"user\", \"content\": \"\"}", count: 2049).joined(separator: ",") + "]",
    String(repeating: "[", count: 100_000),
  ])
  func `a file that is no conversation is refused`(_ text: String) throws {
    let path = try model.folder.write(Array(text.utf8), to: "chat.json")
    let result = try chat("/load \(path)")
    #expect(result.code == 1 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test func `a pipe without a writer is refused at once`() throws {
    #expect(try chat("/load \(model.folder.makePipe("fifo"))").code == 1)
  }
}
