internal import ApusJSON
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `apus embed` {
  private let folder: TemporaryFolder
  private let encoder: String
  private let generator: String

  init() throws {
    folder = try TemporaryFolder()
    encoder = folder.path("encoder.gguf")
    generator = folder.path("generator.gguf")
    var tiny = TinyModel()
    try tiny.write(to: generator)
    tiny.pooling = .mean
    try tiny.write(to: encoder)
  }

  @Test func `writes a line of values for each text, normalized`() throws {
    let result = try Program.run("embed", encoder, "the monster", "a")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.lines.count == 2)
    for line in result.lines {
      let values = line.split(separator: " ").compactMap { Float($0) }
      #expect(values.count == 64 && abs(values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }
  }

  @Test func `reads lines, and answers in JSON`() throws {
    let plain = try Program.run("embed", encoder, "the monster")
    let result = try Program.run("embed", encoder, "--json", input: "a\nthe monster\r\nsnow")
    #expect(result.code == 0, "\(result.errors)")
    let objects = try result.lines.map { try JSONParser.parse($0) }
    #expect(objects.count == 3 && objects.allSatisfy { $0["truncated"] == .bool(false) })
    let second = objects[1]["embedding"]?.elements.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? []
    #expect(second.compactMap { Float($0) } == plain.lines[0].split(separator: " ").compactMap { Float($0) })
  }

  @Test(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
  func `ranks texts for a query`() throws {
    let reranker = try #require(TestData.folder).appendingPathComponent("architectures/bert/bert-rerank-f32.gguf").path
    let result = try Program.run(
      "embed", reranker, "--query", "I am by birth a Genevese.", "the monster", "a")
    #expect(result.code == 0 && result.lines.count == 2, "\(result.errors)")
    #expect(abs((Float(result.lines[0]) ?? 0) + 0.4906017) < 1e-3)
  }

  @Test func `names the line of the input that it cannot take`() throws {
    let lines = (1...200).map { $0 == 150 ? String(repeating: "monster ", count: 300) : "text \($0)" }
    let result = try Program.run("embed", encoder, input: lines.joined(separator: "\n"))
    #expect(result.code == 1 && result.errors.hasPrefix("Error: line 150 has "), "\(result.errors)")
    let given = try Program.run("embed", encoder, "a", lines[149])
    #expect(given.code == 1 && given.errors.hasPrefix("Error: text 2 has "), "\(given.errors)")
  }

  @Test func `says what a model is not made for`() throws {
    let answer = try Program.run("run", encoder, "Hello")
    #expect(answer.code == 1 && answer.errors.contains("does not generate text"), "\(answer.errors)")
    let ranked = try Program.run("embed", encoder, "--query", "a", "b")
    #expect(ranked.code == 1 && ranked.errors.contains("reranker"), "\(ranked.errors)")
    let generator = try Program.run("embed", generator, "a")
    #expect(generator.code == 1 && generator.errors.contains("pooling"), "\(generator.errors)")
    let long = try Program.run("embed", encoder, String(repeating: "monster ", count: 300))
    #expect(long.code != 0 && long.errors.contains("tokens"), "\(long.errors)")
  }

  @Test func `check takes an encoder, and inspect says what a model is made for`() throws {
    let result = try Program.run("check", encoder)
    #expect(result.code == 0 && result.text.contains("makes embeddings of 64 values"), "\(result.errors)")
    let purposes = [(encoder, "makes embeddings of 64 values"), (generator, "generates text")]
    for (path, purpose) in purposes {
      #expect(try Program.run("inspect", path).text.contains("purpose       \(purpose)\n"))
      #expect(try JSONParser.parse(Program.run("inspect", path, "--json").text)["purpose"] == .string(purpose))
    }
  }
}
