internal import ApusGGUF
internal import ApusTestSupport
internal import Testing

@Suite struct DescriptionTests {
  @Test func `Values are shown as a person would write them`() throws {
    var writer = GGUFWriter()
    writer.set("int", Int32(-7))
    writer.set("float", Float(1e-5))
    writer.set("bool", true)
    writer.set("text", "a \"b\"\n\u{1B}c")
    writer.set("list", array: [UInt16(1), 2, 3])
    writer.set("strings", strings: ["x", "\n"])
    writer.set("empty", array: [Float]())
    let folder = try TemporaryFolder()
    let metadata = try GGUFFile.open(path: folder.write(try writer.bytes { _, _ in }, to: "f")).metadata
    let shown = metadata.keys.map { metadata.value($0)?.description ?? "" }
    #expect(
      shown == ["-7", "1e-05", "true", #""a "b"\n\u{1b}c""#, "[1, 2, 3]", #"["x", "\n"]"#, "[]"])
  }

  @Test(arguments: [0, 1, 5, 20, 30, 64, 200])
  func `Long values are cut to the bytes that there are`(limit: Int) throws {
    var writer = GGUFWriter()
    writer.set("text", String(repeating: "語", count: 100_000))
    writer.set("list", array: [Int32](repeating: -123_456, count: 100_000))
    writer.set("strings", strings: [String](repeating: String(repeating: "x", count: 1000), count: 100))
    let folder = try TemporaryFolder()
    let metadata = try GGUFFile.open(path: folder.write(try writer.bytes { _, _ in }, to: "f")).metadata
    for key in metadata.keys {
      let text = metadata.value(key)?.description(limit: limit) ?? ""
      #expect(text.utf8.count <= max(limit, 26) && text.contains("…"))
    }
  }
}
