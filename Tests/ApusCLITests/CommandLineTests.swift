internal import ApusJSON
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `The command line` {
  @Test(arguments: [
    ["--help"], ["help", "run"], ["run", "--help"], ["check", "--help"], ["inspect", "--help"], ["fit", "--help"],
    ["doctor", "--help"], ["embed", "--help"], ["tokenize", "--help"], ["detokenize", "--help"],
    ["template", "--help"], ["serve", "--help"], ["keys", "--help"], ["keys", "new", "--help"],
    ["synthesize", "--help"], ["--version"],
  ])
  func `explains itself on standard output`(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.code == 0)
    #expect(!result.output.isEmpty && result.errors.isEmpty)
  }

  @Test(arguments: [
    ["nonsense"], ["run"], ["run", "m.gguf", "--no-such-option"], ["run", "m.gguf", "x", "--temperature", "warm"],
    ["run", "m.gguf", "x", "--temperature", "1000"], ["run", "m.gguf", "x", "--top-p", "1.5"],
    ["run", "m.gguf", "x", "--kv", "q3"], ["run", "m.gguf", "x", "--threads", "0"],
    ["run", "m.gguf", "x", "--context", "0"], ["run", "m.gguf", "x", "--samplers", "top_k;nonsense"],
    ["run", "m.gguf", "x", "--logit-bias", "five"], ["run", "m.gguf", "x", "-n", "-2"],
    ["run", "m.gguf", "x", "--kernels", "abacus"], ["run", "m.gguf", "x", "--raw", "--system", "s"],
    ["run", "m.gguf", "--chat", "--json"], ["fit", "m.gguf", "--slots", "0"], ["fit", "m.gguf", "--context", "-5"],
    ["tokenize", "m.gguf", "text", "--jsonl"], ["template", "m.gguf", "--now", "yesterday"], ["check"], ["inspect"],
    ["serve", "m.gguf", "--parallel", "0"], ["serve", "m.gguf", "--parallel", "257"],
    ["serve", "m.gguf", "--idle-unload", "0"], ["serve", "m.gguf", "--memory", "0"], ["serve"],
    ["serve", "--load-from", "/nowhere/at/all"], ["serve", "--load-from", "/", "--lora", "a=b.gguf"],
    ["serve", "a.gguf", "b.gguf", "--model-name", "x"], ["serve", "a.gguf", "--model-name", ""],
    ["serve", "m.gguf", "--kv-memory", "2X"], ["serve", "m.gguf", "--kv-memory", "0"],
    ["serve", "m.gguf", "--address-concurrent", "0"], ["keys", "new"], ["keys", "new", "--name", "a b"],
    ["keys", "new", "--name", "a", "--models", "b c"], ["keys", "new", "--name", "a", "--expires", "soon"],
    ["keys", "new", "--name", "a", "--concurrent", "0"], ["keys", "new", "--name", "#a"],
    ["serve", "m.gguf", "--max-body", "0"], ["serve", "m.gguf", "--max-body", "2G"],
    ["serve", "m.gguf", "--max-held-bodies", "1M"], ["serve", "m.gguf", "--max-stops", "2501"],
    ["serve", "m.gguf", "--max-choices", "0"], ["serve", "m.gguf", "--body-timeout", "0"],
    ["serve", "m.gguf", "--kv-memory", "-1"], ["serve", "m.gguf", "--kv-memory", "9999999T"],
  ])
  func `refuses a wrong call with a sentence and 64`(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.output.isEmpty && result.errors.hasPrefix("Error: "), "\(result.errors)")
  }

  @Test(arguments: ["run", "check", "inspect", "fit", "tokenize", "detokenize", "template"])
  func `says in one line that a model is not there`(_ command: String) throws {
    let arguments = [command, "no/such/model.gguf"] + (command == "run" ? ["x"] : [])
    let result = try Program.run(arguments)
    #expect(result.code == 1)
    #expect(result.output.isEmpty && result.errors.hasPrefix("Error: no/such/model.gguf"), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test func `the environment chooses kernels and the option goes before it`() throws {
    let unknown = try Program.run("doctor", environment: ["APUS_KERNELS": "abacus"])
    #expect(unknown.code == 64)
    #expect(unknown.errors.contains("APUS_KERNELS") && unknown.errors.contains("reference"))
    let chosen = try Program.run(["doctor", "--json"], environment: ["APUS_KERNELS": "reference"])
    #expect(try JSONParser.parse(chosen.text).at("kernels", "level") == "reference")
    let beaten = try Program.run(
      ["doctor", "--json", "--kernels", "reference"], environment: ["APUS_KERNELS": "abacus"])
    #expect(try JSONParser.parse(beaten.text).at("kernels", "level") == "reference")
  }

  @Test func `a new key is shown once, and its line has the hash alone`() throws {
    let result = try Program.run("keys", "new", "--name", "alice", "--tokens-per-minute", "5", "--admin")
    #expect(result.code == 0 && result.lines.count == 1)
    let key = try #require(result.errors.split(separator: "\n").first { $0.hasPrefix("apus_") })
    #expect(!result.text.contains(key))
    let words = result.text.split(whereSeparator: \.isWhitespace)
    #expect(words[0] == "alice" && words[1].hasPrefix("sha256:") && words[2...] == ["tokens-per-minute=5", "admin"])
    let other = try Program.run("keys", "new", "--name", "alice")
    #expect(other.errors != result.errors)
  }

  @Test func `doctor tells what it found`() throws {
    let report = try JSONParser.parse(try Program.run("doctor", "--json").text)
    #expect((report.at("threads", "count")?.number ?? 0) >= 1)
    #expect((report.at("memory", "bytes")?.number ?? 0) > 0)
    #expect(report.at("openblas")?.text?.contains("OpenBLAS") == true)
    let text = try Program.run("doctor", environment: ["APUS_MODELS": "/no/such/folder"]).text
    #expect(text.contains("threads") && text.contains("/no/such/folder (not there yet)"))
  }

  @Test func `an alias of no model is told before a model is loaded`() throws {
    let model = try TinyModelFile()
    // This model cannot be loaded, as it has no room for keys and values.
    let result = try Program.run(
      "serve", model.path, "--kv-memory", "1", "--alias", "gpt-4=nothing", "--store", "none")
    #expect(result.code == 64 && result.errors.contains("'nothing'"), "\(result.errors)")
  }

  @Test func `a model is found by name in the model folder`() throws {
    let folder = try TinyModelFile().folder
    for name in ["tiny", "tiny.gguf"] {
      let result = try Program.run("inspect", name, "--json", environment: ["APUS_MODELS": folder.url.path])
      #expect(try JSONParser.parse(result.text)["name"] == "tiny")
    }
  }

  @Test func `output to a closed pipe ends quietly`() throws {
    let path = try #require(Program.path)
    let model = try TinyModelFile()
    let folder = model.folder
    let lines = folder.path("lines")
    try Data(String(repeating: "{\"text\": \"the end\"}\n", count: 50_000).utf8).write(to: URL(fileURLWithPath: lines))
    let script = """
      ("\(path)" tokenize "\(model.path)" --jsonl < "\(lines)"; echo "code $?" >&2) 2>"\(folder.path("e"))" \
      | head -n 1
      """
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", script]
    shell.standardOutput = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    #expect(try String(contentsOfFile: folder.path("e"), encoding: .utf8) == "code 0\n")
  }

  @Test func `a full disk is an error`() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full"), let path = Program.path else { return }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["doctor"]
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
  }
}
