internal import ApusCLI
internal import ApusJSON
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `apus bench` {
  private static let small = ["-p", "8,16", "-n", "2", "-r", "2", "-d", "0,4", "--batched", "1,2", "-t", "1"]

  private func run(_ arguments: [String]) throws -> Program.Result {
    let model = try TinyModelFile()
    return try Program.run(["bench", model.path] + arguments)
  }

  @Test(arguments: [
    ["bench"], ["bench", "m.gguf", "--limits"], ["bench", "--limits", "--no-limits"], ["bench", "m.gguf", "-p", "1,x"],
    ["bench", "m.gguf", "-p", "1,"], ["bench", "m.gguf", "-p", ""], ["bench", "m.gguf", "-t", "0"],
    ["bench", "m.gguf", "-r", "0"], ["bench", "m.gguf", "-p", "0", "-n", "0"], ["bench", "m.gguf", "--kv", "f16,q3"],
    ["bench", "m.gguf", "--kernels", "reference,abacus"], ["bench", "m.gguf", "--batch", "0"],
    ["bench", "m.gguf", "--batched", "0"], ["bench", "m.gguf", "-o", "xml"], ["bench", "m.gguf", "-n", "9999999999"],
  ])
  func `refuses a wrong call with a sentence and 64`(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.output.isEmpty && result.errors.hasPrefix("Error: "), "\(result.errors)")
  }

  @Test func `finds out before it measures that a model is not there`() throws {
    let result = try Program.run(["bench", "no/such/model.gguf", "--no-limits"])
    #expect(result.code == 1 && result.output.isEmpty && result.errors.hasPrefix("Error: no/such/model.gguf"))
  }

  @Test func `writes one JSON object a line with all fields`() throws {
    let result = try run(Self.small + ["-o", "json", "--kernels", "reference"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let records = try result.lines.map { try JSONParser.parse($0) }
    let names = ["pp8", "pp16", "tg2", "tg2x2", "pp8@d4", "pp16@d4", "tg2@d4", "tg2x2@d4"]
    #expect(records.map { $0["test"]?.text } == names)
    for record in records {
      #expect(record["model"] == "tiny.gguf" && record["format"] == "F32" && record["kernels"] == "reference")
      #expect(record["threads"] == 1 && record["kv"] == "f16" && record["batch"] == 256 && record["repetitions"] == 2)
      for name in [
        "tokens_per_second", "tokens_per_second_min", "tokens_per_second_max", "load_seconds", "model_bytes",
        "parameters", "weight_bytes_per_token", "kv_bytes_per_token", "bytes_per_second", "operations_per_token",
        "operations_per_second", "read_bytes_per_second", "limit_share",
      ] {
        #expect((record[name]?.number ?? 0) > 0, "\(name)")
      }
      #expect(record["pinned"] == false && (record["huge_page_bytes"]?.number ?? 0) >= 0)
      #expect(["memory", "arithmetic"].contains(record["limit"]?.text))
    }
    #expect(records[3]["sequences"] == 2 && records[3]["generated_tokens"] == 2 && records[3]["prompt_tokens"] == 0)
    #expect(records[5]["depth"] == 4 && records[5]["prompt_tokens"] == 16)
  }

  @Test func `writes CSV with as many cells as names`() throws {
    let lines = try run(Self.small + ["-o", "csv", "--no-limits"]).lines
    #expect(lines.count == 9)
    #expect(Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }).count == 1)
    #expect(lines[0].hasPrefix("model,name,format,"))
  }

  @Test func `writes a table with a column for what differs`() throws {
    let result = try run(["-p", "8", "-n", "2", "-r", "1", "--kv", "f16,q8_0", "-t", "1", "--no-limits", "--no-warmup"])
    #expect(result.code == 1 && result.errors.contains("--kv f16"), "heads of 16 values have no Q8_0 cache")
    let lines = try run(["-p", "8", "-n", "2", "-r", "1", "-t", "1,2"]).lines
    let header = try #require(lines.first { $0.contains("tok/s") })
    #expect(header.contains("threads") && !header.contains("kernels") && header.contains("of the limit"))
    let rows = lines.filter { $0.hasPrefix("  pp8") || $0.hasPrefix("  tg2") }
    #expect(rows.count == 4)
    let end = try #require(header.range(of: "tok/s")).upperBound
    for row in rows { #expect(row[..<end].last?.isNumber == true, "\(row)") }
  }

  @Test func `writes Markdown`() throws {
    let lines = try run(["-p", "8", "-n", "0", "-r", "1", "-t", "1", "-o", "markdown", "--no-limits"]).lines
    let table = lines.filter { $0.hasPrefix("|") }
    #expect(table.count == 3 && Set(table.map { $0.filter { $0 == "|" }.count }).count == 1)
    #expect(table[1].allSatisfy { "|-: ".contains($0) })
  }

  @Test func `measures the machine alone`() throws {
    let records = try Program.run("bench", "--limits", "-o", "json", "-t", "1,2").lines.map { try JSONParser.parse($0) }
    #expect(records.count >= 2 && records.allSatisfy { ($0["median"]?.number ?? 0) > 0 })
    #expect(Set(records.compactMap { $0["threads"]?.number }) == [1, 2])
    #expect(records.first?["kind"] == "memory")
    let table = try Program.run("bench", "--limits", "-t", "1")
    #expect(table.code == 0 && table.text.contains("GB/s") && table.text.contains("1 thread"))
  }
}

@Suite struct `A report's lines` {
  @Test func `cells of CSV are quoted where they must be`() {
    let fields = Fields([
      ("text", "a \"b\", c"), ("plain", "x"), ("none", .null), ("list", [1, .double(2.5)]), ("end", "\""),
    ])
    #expect(fields.csvHeader == "text,plain,none,list,end")
    #expect(fields.csv == #""a ""b"", c",x,,1 2.5,"""""#)
  }

  @Test func `a growing table keeps its columns`() {
    let columns = [GrowingTable.Column("name", width: 6, .left), .init("n", width: 4)]
    let terminal = GrowingTable(columns, isMarkdown: false)
    #expect(terminal.header == ["  name       n"] && terminal.line(["日", "1"]) == "  日         1")
    #expect(
      GrowingTable([.init("n", width: 4), .init("x", width: 9, .left)], isMarkdown: false).line(["1", ""]) == "     1")
    let markdown = GrowingTable(columns, isMarkdown: true)
    #expect(markdown.header == ["| name   |    n |", "| ------ | ---: |"])
    #expect(markdown.line(["a", "10"]) == "| a      |   10 |")
  }
}
