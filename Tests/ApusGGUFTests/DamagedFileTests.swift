internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct DamagedFileTests {
  /// A small file with all value types, arrays and two tensors.
  private static func smallFile() throws -> [UInt8] {
    var writer = GGUFWriter(alignment: 16)
    writer.set("general.name", "tiny")
    writer.set("a.u8", UInt8(1))
    writer.set("a.i64", Int64(-1))
    writer.set("a.f64", 0.5)
    writer.set("a.bool", true)
    writer.set("a.strings", strings: ["a", "", "bc"])
    writer.set("a.bools", array: [true, false])
    writer.set("a.floats", array: [Float(1), 2])
    writer.set("a.ints", array: [Int32(-1), 2])
    try writer.addTensor("x", dimensions: [32, 2], format: .q8_0)
    try writer.addTensor("y", dimensions: [3], format: .f32)
    return try writer.bytes { index, emit in
      try emit([UInt8](repeating: 1, count: writer.tensors[index].byteCount).span)
    }
  }

  @Test func `Cut at any byte, a file is refused, or was complete but for padding`() throws {
    let bytes = try Self.smallFile()
    let folder = try TemporaryFolder()
    #expect(Damage.outcome(try folder.write(bytes, to: "f")) == .loaded)
    let last = try GGUFFile.open(path: folder.path("f")).tensors.map { $0.offset + $0.byteCount }.max() ?? 0
    for length in 0..<bytes.count {
      let path = try folder.write(Array(bytes[..<length]), to: "f")
      #expect(Damage.outcome(path) == (length >= last ? .loaded : .refused), "cut at \(length)")
    }
  }

  @Test func `With any byte changed, a file loads or is refused`() throws {
    let bytes = try Self.smallFile()
    let folder = try TemporaryFolder()
    var refused = 0
    for offset in bytes.indices {
      let byte = bytes[offset]
      for value in Set([0, 0xFF, byte ^ 1, byte ^ 0x80, byte &+ 1, 0x7F]) where value != byte {
        var changed = bytes
        changed[offset] = value
        refused += Damage.outcome(try folder.write(changed, to: "f")) == .refused ? 1 : 0
      }
    }
    #expect(refused > bytes.count)
  }

  @Test func `With any byte changed, a tiny model loads or is refused`() throws {
    var model = TinyModel()
    model.layers = 1
    let bytes = try model.bytes()
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "tiny.gguf")
    let header = try GGUFFile.open(path: path).tensors.map(\.offset).min() ?? 0
    for offset in stride(from: 0, to: header, by: 7) {
      var changed = bytes
      changed[offset] ^= offset.isMultiple(of: 2) ? 1 : 0x80
      _ = Damage.outcome(try folder.write(changed, to: "tiny.gguf"))
    }
  }

  @Test func `Things that are no GGUF files are refused with a reason`() throws {
    let folder = try TemporaryFolder()
    let pipe = try folder.makePipe("pipe")
    for path in [folder.url.path, "/dev/zero", "/dev/null", pipe, folder.path("missing"), ""] {
      for mode in FileReadMode.allCases {
        let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: path, mode: mode) }
        #expect(error?.kind == .unreadable && error?.subject == .file)
      }
    }
    for bytes in [[], [0x47], Array("GGUF".utf8), Array("GGML".utf8), Array("PK\u{3}\u{4}".utf8)] {
      let path = try folder.write(bytes, to: "f")
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: path) }
      #expect(error?.kind == (bytes.count == 4 && bytes.first != 0x47 ? .malformed : error?.kind))
      #expect(Damage.outcome(path) == .refused)
    }
    let text = try folder.write(Array("<!DOCTYPE html><html>Not found</html>".utf8), to: "f")
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: text) }
    #expect(error?.subject == .header("magic") && error?.offset == 0)
  }

  @Test func `A model that is cut while open is seen`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try TinyModel().bytes(), to: "tiny.gguf")
    let file = try GGUFFile.open(path: path, mode: .read)
    let watch = file.watch()
    #expect(watch.look() == .unchanged)
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 100)
    #expect(watch.look() == .changed)
    #expect(file.readEverything() > 0)
  }

  @Test func `Messages stay short and printable, whatever the file and its name hold`() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "\u{1B}[31m🦜", count: 20) + ".gguf"
    var raw = RawGGUF(keys: 2)
    for _ in 0..<2 {
      raw.add(key: String(repeating: "\u{7}\u{202E}\n語", count: 4000), .uint8)
      raw.add(UInt8(0))
    }
    let path = try folder.write(raw.bytes, to: name)
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: path) }
    let text = error?.description ?? ""
    #expect(text.utf8.count <= 512 && text.contains("second time"))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202E}" || $0 == "\u{1B}" })
  }
}
