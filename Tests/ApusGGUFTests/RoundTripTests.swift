internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct RoundTripTests {
  private static func write(_ writer: GGUFWriter, _ data: [[UInt8]] = []) throws -> GGUFFile {
    let folder = try TemporaryFolder()
    let path = folder.path("file.gguf")
    let source: GGUFWriter.TensorData = { index, emit in
      let bytes = data[index]
      try emit(bytes.span)
    }
    try writer.write(to: path, source)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file.gguf"])
    #expect(try writer.bytes(source) == Array(Data(contentsOf: URL(fileURLWithPath: path))))
    return try GGUFFile.open(path: path)
  }

  @Test func `Scalars of every type come back, at the ends of their ranges`() throws {
    var writer = GGUFWriter()
    writer.set("u8", UInt8.max)
    writer.set("i8", Int8.min)
    writer.set("u16", UInt16.max)
    writer.set("i16", Int16.min)
    writer.set("u32", UInt32.max)
    writer.set("i32", Int32.min)
    writer.set("u64", UInt64.max)
    writer.set("i64", Int64.min)
    writer.set("f32", Float(-0.1))
    writer.set("f64", Double.pi)
    writer.set("true", true)
    writer.set("false", false)
    let metadata = try Self.write(writer).metadata
    #expect(metadata.keys == ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "true", "false"])
    #expect(try metadata.int("u8") == 255 && metadata.int("i8") == -128)
    #expect(try metadata.int("u16") == 65535 && metadata.int("i16") == -32768)
    #expect(try metadata.uint32("u32") == .max && metadata.int("i32") == Int(Int32.min))
    #expect(try metadata.int("i64") == .min)
    #expect(throws: GGUFError.self) { try metadata.int("u64") }
    #expect(throws: GGUFError.self) { try metadata.uint32("i32") }
    #expect(try metadata.float("f32") == -0.1 && metadata.float("f64") == Float(Double.pi))
    #expect(try metadata.bool("true") == true && metadata.bool("false") == false)
    #expect(
      metadata.keys.map { metadata.value($0)?.type.name }
        == metadata.keys.map { $0 == "true" || $0 == "false" ? "bool" : $0 })
  }

  @Test func `Arrays of every type come back, empty ones too`() throws {
    var writer = GGUFWriter()
    writer.set("u8", array: [UInt8.min, .max])
    writer.set("i8", array: [Int8.min, .max])
    writer.set("u16", array: [UInt16.min, .max])
    writer.set("i16", array: [Int16.min, .max])
    writer.set("u32", array: [UInt32.min, .max])
    writer.set("i32", array: [Int32.min, .max])
    writer.set("u64", array: [UInt64.min, .max])
    writer.set("i64", array: [Int64.min, .max])
    writer.set("f32", array: [Float.pi, -0.0])
    writer.set("f64", array: [Double.pi])
    writer.set("bool", array: [true, false])
    writer.set("small", array: [UInt32(7), 0x7FFF_FFFF])
    writer.set("none", array: [Float]())
    let metadata = try Self.write(writer).metadata
    #expect(try metadata.ints("u8") == [0, 255] && metadata.ints("i8") == [-128, 127])
    #expect(try metadata.ints("u16") == [0, 65535] && metadata.ints("i16") == [-32768, 32767])
    #expect(try metadata.ints("u32") == [0, 4_294_967_295] && metadata.int32s("i32") == [.min, .max])
    #expect(try metadata.ints("i64") == [.min, .max])
    #expect(try metadata.floats("f32") == [.pi, 0] && metadata.floats("none") == [])
    #expect(try metadata.bools("bool") == [true, false])
    #expect(try metadata.int32s("small") == [7, .max])
    #expect(try metadata.bytes("u8") == [0, 255] && metadata.bytes("i8") == [128, 127])
    for key in ["u16", "u32", "u64", "i16", "i32", "i64"] { #expect(try metadata.bytes(key) == [0, 255]) }
    #expect(throws: GGUFError.self) { try metadata.bytes("f32") }
    for key in ["u64", "f32", "bool"] { #expect(throws: GGUFError.self) { try metadata.ints(key) } }
    for key in ["u32", "i64", "u8"] { #expect(throws: GGUFError.self) { try metadata.int32s(key) } }
    #expect(throws: GGUFError.self) { try metadata.floats("f64") }
    #expect(try metadata.array("f64")?.count == 1)
  }

  @Test func `Strings come back as bytes, and as text only where they are UTF-8`() throws {
    let invalid: [UInt8] = [0x61, 0xFF, 0x62]
    var writer = GGUFWriter()
    writer.set("text", "Grüße 🦜\n\0")
    writer.set("bytes", bytes: invalid)
    writer.set("empty", "")
    writer.set("tokens", strings: [Array("a".utf8), invalid, [], Array("語".utf8)])
    writer.set("none", strings: [String]())
    let metadata = try Self.write(writer).metadata
    #expect(try metadata.string("text") == "Grüße 🦜\n\0" && metadata.string("empty") == "")
    let error = #expect(throws: GGUFError.self) { try metadata.string("bytes") }
    #expect(error?.subject == .key("bytes") && error?.offset != nil)
    let tokens = try metadata.requireStrings("tokens")
    #expect(tokens.count == 4 && tokens.byteCount == 7)
    #expect((0..<4).map(tokens.bytes(at:)) == [[0x61], invalid, [], Array("語".utf8)])
    #expect((0..<4).map(tokens.text(at:)) == ["a", nil, "", "語"])
    #expect((0..<4).map(tokens.byteCount(at:)) == [1, 3, 0, 3])
    var seen: [Int] = []
    tokens.forEach { index, bytes in seen += [index, bytes.count] }
    #expect(seen == [0, 1, 1, 3, 2, 0, 3, 3])
    #expect(try metadata.requireStrings("none").count == 0)
    #expect(try metadata.requireStrings("none").byteCount == 0)
  }

  @Test func `A key that is set twice keeps its place and its last value`() throws {
    var writer = GGUFWriter()
    writer.set("a", UInt32(1))
    writer.set("b", UInt32(2))
    writer.set("a", "three")
    let metadata = try Self.write(writer).metadata
    #expect(metadata.keys == ["a", "b"])
    #expect(try metadata.string("a") == "three")
  }

  @Test func `Keys that are canonically equivalent are different keys`() throws {
    var writer = GGUFWriter()
    writer.set("caf\u{E9}", UInt32(1))
    writer.set("cafe\u{301}", UInt32(2))
    let metadata = try Self.write(writer).metadata
    #expect(try metadata.int("caf\u{E9}") == 1 && metadata.int("cafe\u{301}") == 2)
  }

  @Test(arguments: [8, 16, 32, 64, 4096, 1 << 20])
  func `Tensors of every format come back aligned, with their shape and bytes`(alignment: Int) throws {
    var writer = GGUFWriter(alignment: alignment)
    var data: [[UInt8]] = []
    var generator = SeededGenerator(seed: UInt64(alignment))
    for format in TensorFormat.allCases {
      try writer.addTensor(format.name, dimensions: [256, 3], format: format)
      data.append(RandomTensor.bytes(format, elements: 768, using: &generator))
    }
    let file = try Self.write(writer, data)
    #expect(file.tensors.map(\.name) == TensorFormat.allCases.map(\.name))
    for (tensor, expected) in zip(file.tensors, data) {
      let source = try file.weightSource(named: tensor.name)
      #expect(source.rows == 3 && source.columns == 256 && source.byteCount == tensor.byteCount)
      #expect(tensor.offset.isMultiple(of: alignment) && source.byteOffset == tensor.offset)
      #expect(tensor.format == TensorFormat(name: tensor.name) && tensor.format == source.format)
      #expect(unsafe file.bytes(of: tensor).withUnsafeBufferPointer { unsafe [UInt8]($0) } == expected)
    }
  }

  @Test func `Shapes of one to four dimensions become rows of the first`() throws {
    var writer = GGUFWriter()
    let shapes = [[5], [5, 3], [4, 3, 2], [4, 3, 2, 2]]
    for shape in shapes { try writer.addTensor("\(shape.count)", dimensions: shape, format: .f32) }
    let file = try Self.write(writer, shapes.map { [UInt8](repeating: 0, count: $0.reduce(4, *)) })
    #expect(file.tensors.map(\.dimensions) == shapes)
    #expect(file.tensors.map(\.columns) == [5, 5, 4, 4])
    #expect(file.tensors.map(\.rows) == [1, 3, 6, 12])
    #expect(file.tensor(named: "3")?.elementCount == 24)
    #expect(file.tensor(named: "5") == nil)
  }

  @Test func `Formats without kernels are listed, and say how to help when they are used`() throws {
    var writer = GGUFWriter()
    for format in UnsupportedFormat.all {
      try writer.addTensor(format.name, dimensions: [256], type: .unsupported(format))
    }
    let file = try Self.write(writer, writer.tensors.map { [UInt8](repeating: 0, count: $0.byteCount) })
    for (tensor, format) in zip(file.tensors, UnsupportedFormat.all) {
      #expect(tensor.type.name == format.name && tensor.format == nil)
      #expect(tensor.byteCount == 256 / format.blockElements * format.blockByteCount)
      let error = #expect(throws: GGUFError.self) { try file.weightSource(named: tensor.name) }
      let text = error?.description ?? ""
      #expect(text.contains("'\(format.name)'") && text.contains("Q4_K_M") && text.hasSuffix("found \(format.name)"))
    }
  }

  @Test func `Type ids are those of one format each`() {
    let ids = TensorFormat.allCases.map(\.ggufType) + UnsupportedFormat.all.map(\.ggufType)
    #expect(Set(ids).count == ids.count)
    #expect(ids.allSatisfy { GGUFTensorType(id: $0)?.id == $0 })
    #expect([4, 5, 31, 32, 33, 36, 37, 38, .max].allSatisfy { GGUFTensorType(id: $0) == nil })
  }

  @Test func `Metadata is taken over from another file byte for byte`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("tiny.gguf")
    try TinyModel().write(to: path)
    let original = try GGUFFile.open(path: path).metadata
    var writer = GGUFWriter(alignment: 64)
    writer.copy(original)
    let copied = try Self.write(writer).metadata
    #expect(copied.keys == ["general.alignment"] + original.keys)
    for key in original.keys {
      #expect(copied.value(key)?.description(limit: 10_000) == original.value(key)?.description(limit: 10_000))
    }
  }

  @Test func `What no file may hold is not written`() throws {
    var writer = GGUFWriter()
    try writer.addTensor("a", dimensions: [32], format: .q8_0)
    for (name, dimensions) in [
      ("a", [32]), ("", [32]), (String(repeating: "n", count: 65), [32]), ("b", []), ("b", [0]), ("b", [33]),
      ("b", [1 << 40, 1 << 40]), ("b", [32, -1]), ("b", [32, 1, 1, 1, 1]),
    ] {
      #expect(throws: GGUFError.self) { try writer.addTensor(name, dimensions: dimensions, format: .q8_0) }
    }
  }

  @Test func `A file that cannot be finished leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    var writer = GGUFWriter()
    try writer.addTensor("a", dimensions: [32], format: .f32)
    #expect(throws: CancellationError.self) {
      try writer.write(to: folder.path("x.gguf")) { _, _ in throw CancellationError() }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    let error = #expect(throws: GGUFError.self) {
      try writer.write(to: folder.path("missing/x.gguf")) { _, _ in }
    }
    #expect(error?.kind == .unreadable)
  }
}
