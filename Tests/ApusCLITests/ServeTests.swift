internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite(.timeLimit(.minutes(2))) struct `The server as a program` {
  private let model: TinyModelFile

  init() throws { model = try TinyModelFile() }

  @Test func `is not ended by SIGHUP, which makes it read its keys again`() throws {
    let keys = model.folder.path("keys")
    try "a-key".write(toFile: keys, atomically: true, encoding: .utf8)
    for arguments in [[], ["--api-key-file", keys]] {
      let program = try ServedProgram([model.path] + arguments)
      #expect(program.reads("listening on "))
      program.send(SIGHUP)
      if !arguments.isEmpty { #expect(program.reads("the keys were read again")) }
      program.send(SIGTERM)
      let code = program.end()
      #expect(code == 0 && program.lines.contains { $0.contains("draining") }, "\(code) \(program.lines)")
    }
  }

  @Test func `does not start with a folder of files that another uses`() throws {
    let files = model.folder.path("files")
    let first = try ServedProgram([model.path, "--files", files])
    #expect(first.reads("listening on "))
    let second = try Program.run("serve", model.path, "--files", files, "--store", "none", "--listen", "127.0.0.1:0")
    #expect(second.code == 1 && second.errors.contains("is used by another program"), "\(second.errors)")
    first.send(SIGTERM)
    #expect(first.end() == 0)
    let third = try ServedProgram([model.path, "--files", files])
    #expect(third.reads("listening on "))
    third.send(SIGTERM)
    #expect(third.end() == 0)
  }

  @Test func `says that its port is taken before it loads a model`() throws {
    let first = try ServedProgram([model.path])
    #expect(first.reads("listening on "))
    let port = try #require(first.port)
    // It would not load either, which is told later.
    let second = try Program.run(
      "serve", model.path, "--kv-memory", "1", "--store", "none", "--listen", "127.0.0.1:\(port)")
    #expect(second.code == 1 && second.errors.contains("another program listens there already"), "\(second.errors)")
    first.send(SIGTERM)
    #expect(first.end() == 0)
    let third = try Program.run("serve", model.path, "--kv-memory", "1", "--store", "none", "--listen", "127.0.0.1:0")
    #expect(third.code == 64 && third.errors.contains("Error: --kv-memory "), "\(third.errors)")
  }

  @Test(arguments: [("--alias", "x=nope"), ("--variant", "x=nope:1")])
  func `names the option that means no model`(_ option: String, _ value: String) throws {
    let result = try Program.run("serve", model.path, option, value, "--store", "none", "--listen", "127.0.0.1:0")
    #expect(result.code == 64 && result.errors.contains("Error: \(option) "), "\(result.errors)")
  }
}
