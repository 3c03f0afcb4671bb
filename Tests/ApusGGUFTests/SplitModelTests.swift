internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct SplitModelTests {
  /// Writes one part, whose tensors `names` hold 8 floats each.
  private static func write(
    _ names: [String], number: UInt16, of count: UInt16, total: Int32?, in folder: TemporaryFolder, as name: String
  ) throws {
    var writer = GGUFWriter()
    if number == 0 { writer.set("general.architecture", "llama") }
    writer.set("split.no", number)
    writer.set("split.count", count)
    if let total { writer.set("split.tensors.count", total) }
    for name in names { try writer.addTensor(name, dimensions: [8], format: .f32) }
    try writer.write(to: folder.path(name)) { index, emit in
      try emit([UInt8](repeating: UInt8(truncatingIfNeeded: number &* 16) &+ UInt8(index), count: 32).span)
    }
  }

  /// A model of three parts with three, none and two tensors.
  private static func model() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (number, names) in [["a", "b", "c"], [], ["d", "e"]].enumerated() {
      try write(names, number: UInt16(number), of: 3, total: 5, in: folder, as: part(number + 1))
    }
    return folder
  }

  private static func part(_ number: Int) -> String { "m-0000\(number)-of-00003.gguf" }

  @Test(arguments: [1, 2, 3])
  func `Any part brings the whole model`(number: Int) throws {
    let folder = try Self.model()
    let file = try GGUFFile.open(path: folder.path(Self.part(number)))
    #expect(file.paths == (1...3).map { folder.path(Self.part($0)) })
    #expect(file.tensors.map(\.name) == ["a", "b", "c", "d", "e"])
    #expect(file.tensors.map(\.part) == [0, 0, 0, 2, 2])
    #expect(try file.metadata.string("general.architecture") == "llama")
    #expect(file.byteCount == file.files.reduce(0) { $0 + $1.byteCount })
    #expect(file.tensors.map { file.bytes(of: $0)[0] } == [0, 1, 2, 32, 33])
    let source = try file.weightSource(named: "e")
    #expect(source.file.path == folder.path(Self.part(3)))
    #expect(file.watch().look() == .unchanged)
  }

  @Test func `A missing part is named`() throws {
    let folder = try Self.model()
    try FileManager.default.removeItem(atPath: folder.path(Self.part(2)))
    for number in [1, 3] {
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(number))) }
      #expect(error?.kind == .unreadable && error?.subject == .part(2, of: 3))
      #expect(error?.path == folder.path(Self.part(2)))
    }
  }

  @Test func `A damaged part is named by its path`() throws {
    let folder = try Self.model()
    try folder.write(Array("GGUF".utf8), to: Self.part(3))
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
    #expect(error?.kind == .truncated && error?.path == folder.path(Self.part(3)))
  }

  @Test func `A part of another number, count or model is refused`() throws {
    for (number, count) in [(2, 3), (1, 2), (1, 4)] as [(UInt16, UInt16)] {
      let folder = try Self.model()
      try Self.write([], number: number, of: count, total: 5, in: folder, as: Self.part(2))
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
      #expect(error?.kind == .split && error?.subject == .part(2, of: 3))
    }
  }

  @Test func `A part without split keys is refused`() throws {
    let folder = try Self.model()
    try folder.write(RawGGUF().bytes, to: Self.part(2))
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
    #expect(error?.kind == .missing && error?.path == folder.path(Self.part(2)))
  }

  @Test func `A tensor in two parts is refused`() throws {
    let folder = try Self.model()
    try Self.write(["d", "b"], number: 2, of: 3, total: 5, in: folder, as: Self.part(3))
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
    #expect(error?.kind == .split && error?.subject == .tensor("b") && error?.path == folder.path(Self.part(3)))
  }

  @Test func `Another number of tensors than announced is refused`() throws {
    let folder = try Self.model()
    try Self.write(["d"], number: 2, of: 3, total: 5, in: folder, as: Self.part(3))
    let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
    #expect(error?.kind == .split && error?.description.contains("split.tensors.count") == true)
  }

  @Test func `A part under another name is refused and told its name`() throws {
    for name in ["m.gguf", "m-00002-of-00003.gguf", "m-00001-of-00004.gguf", "m-1-of-3.gguf", "-of-.gguf"] {
      let folder = try TemporaryFolder()
      try Self.write(["a"], number: 0, of: 3, total: nil, in: folder, as: name)
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(name)) }
      #expect(error?.kind == .split && error?.description.contains("-00001-of-00003.gguf") == true)
    }
  }

  @Test func `A model of one part needs no special name`() throws {
    let folder = try TemporaryFolder()
    try Self.write(["a"], number: 0, of: 1, total: 1, in: folder, as: "m.gguf")
    #expect(try GGUFFile.open(path: folder.path("m.gguf")).tensors.count == 1)
  }

  @Test func `Numbers that make no sense are refused`() throws {
    for (number, count) in [(3, 3), (65_535, 2)] as [(UInt16, UInt16)] {
      let folder = try TemporaryFolder()
      try Self.write(["a"], number: number, of: count, total: nil, in: folder, as: Self.part(1))
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
      #expect(error?.kind == .split && error?.subject == .key("split.no"))
    }
    for count in [Int64.min, -1, 65_536, .max] {
      var writer = GGUFWriter()
      writer.set("split.no", UInt16(0))
      writer.set("split.count", count)
      let folder = try TemporaryFolder()
      try folder.write(try writer.bytes { _, _ in }, to: Self.part(1))
      let error = #expect(throws: GGUFError.self) { try GGUFFile.open(path: folder.path(Self.part(1))) }
      #expect(error?.kind == .split)
    }
  }
}
