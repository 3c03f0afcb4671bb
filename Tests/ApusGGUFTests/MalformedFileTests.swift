internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct MalformedFileTests {
  /// The error that opening `raw` gives; its kind and subject are checked, and that its text names `words`.
  private static func refuse(
    _ raw: RawGGUF, _ kind: GGUFError.Kind = .malformed, _ subject: GGUFSubject, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: GGUFError.self, sourceLocation: sourceLocation) { try raw.open() }
    #expect(error?.kind == kind && error?.subject == subject, "\(error as Any)", sourceLocation: sourceLocation)
    #expect(error?.offset != nil, sourceLocation: sourceLocation)
    for word in words {
      #expect(error?.description.contains(word) == true, "\(error as Any)", sourceLocation: sourceLocation)
    }
  }

  private static func oneKey(_ type: GGUFValueType, key: String = "k") -> RawGGUF {
    var raw = RawGGUF(keys: 1)
    raw.add(key: key, type)
    return raw
  }

  private static func oneTensor(
    _ dimensions: [UInt64], type: UInt32 = 0, at offset: UInt64 = 0, data: Int = 4096
  ) -> RawGGUF {
    var raw = RawGGUF(tensors: 1)
    raw.add(tensor: "t", dimensions, type: type, at: offset)
    raw.addData(data)
    return raw
  }

  @Test func `A file of the header alone is a valid file`() throws {
    for version: UInt32 in [2, 3] {
      let file = try RawGGUF(version: version).open()
      #expect(file.version == version && file.metadata.count == 0 && file.tensors.isEmpty)
      #expect(file.byteCount == 24)
    }
  }

  @Test func `Versions other than 2 and 3 are refused with their reason`() {
    Self.refuse(RawGGUF(version: 1), .unsupported, .header("version"), "version 1", "too old", "convert")
    Self.refuse(RawGGUF(version: UInt32(3).byteSwapped), .unsupported, .header("version"), "big-endian")
    Self.refuse(RawGGUF(version: 4), .unsupported, .header("version"), "found version 4")
    Self.refuse(RawGGUF(version: 0), .unsupported, .header("version"), "found version 0")
  }

  @Test func `Counts beyond the limits are refused before anything is read`() {
    Self.refuse(RawGGUF(tensors: 65_537), .malformed, .header("tensor_count"), "65536", "65537")
    Self.refuse(RawGGUF(tensors: 65_536), .truncated, .header("tensor_count"))
    Self.refuse(RawGGUF(keys: 65_537), .malformed, .header("metadata_kv_count"), "65537")
    Self.refuse(RawGGUF(keys: 65_536), .truncated, .header("metadata_kv_count"))
    Self.refuse(RawGGUF(tensors: .max), .malformed, .header("tensor_count"))
    Self.refuse(RawGGUF(keys: 1 << 63), .malformed, .header("metadata_kv_count"))
  }

  @Test func `As many keys as the limit allows are read`() throws {
    var raw = RawGGUF(keys: 65_536)
    for index in 0..<65_536 {
      raw.add(key: "k\(index)", .bool)
      raw.add(UInt8(1))
    }
    let metadata = try raw.open().metadata
    #expect(metadata.count == 65_536)
    #expect(try metadata.bool("k65535") == true)
  }

  @Test(arguments: [0, 1, 65_535, 65_536, Int.max])
  func `Keys have 1 to 65535 bytes`(length: Int) throws {
    var raw = RawGGUF(keys: 1)
    raw.add(UInt64(length))
    for _ in 0..<min(length, 65_536) { raw.add(UInt8(ascii: "k")) }
    raw.add(GGUFValueType.uint8.rawValue)
    raw.add(UInt64(0))
    if (1...65_535).contains(length) {
      #expect(try raw.open().metadata.count == 1)
    } else {
      Self.refuse(raw, .malformed, .header("key 1 of 1"), "\(length) bytes")
    }
  }

  @Test func `Names that are not UTF-8 are refused`() {
    var raw = RawGGUF(keys: 1)
    raw.add(string: [0x6B, 0xC3])
    raw.add(GGUFValueType.uint8.rawValue)
    raw.add(UInt64(0))
    Self.refuse(raw, .malformed, .header("key 1 of 1"), "UTF-8")
    var tensor = RawGGUF(tensors: 1)
    tensor.add(string: [0xFF, 0xFE])
    tensor.addData(100)
    Self.refuse(tensor, .malformed, .header("tensor 1 of 1"), "UTF-8")
  }

  @Test func `A key that comes twice is refused`() {
    var raw = RawGGUF(keys: 2)
    for _ in 0..<2 {
      raw.add(key: "again", .uint32)
      raw.add(UInt32(1))
    }
    Self.refuse(raw, .malformed, .key("again"), "second time")
  }

  @Test func `Unknown value types are refused`() {
    for type: UInt32 in [13, 255, .max] {
      var raw = RawGGUF(keys: 1)
      raw.add(string: "k".utf8)
      raw.add(type)
      raw.add(UInt64(0))
      Self.refuse(raw, .malformed, .key("k"), "found \(type)")
    }
  }

  @Test func `Bools are 0 or 1`() {
    var raw = Self.oneKey(.bool)
    raw.add(UInt8(2))
    Self.refuse(raw, .malformed, .key("k"), "0 or 1")
    var array = RawGGUF(keys: 1)
    array.add(key: "k", array: 7, count: 3)
    array.add(UInt16(1))
    array.add(UInt8(3))
    Self.refuse(array, .malformed, .key("k"), "found 3")
  }

  @Test(arguments: [UInt64.max, 1 << 63, 1 << 60, 1 << 32, 17])
  func `String lengths past the end are refused`(length: UInt64) {
    var raw = Self.oneKey(.string)
    raw.add(length)
    raw.add(UInt64(0))
    Self.refuse(raw, .truncated, .key("k"), "\(length) bytes")
    var array = RawGGUF(keys: 1)
    array.add(key: "k", array: 8, count: 2)
    array.add(string: "ok".utf8)
    array.add(length)
    array.add(UInt64(0))
    Self.refuse(array, .truncated, .key("k"), "string 2 of 2")
  }

  @Test func `Array counts that the file cannot hold are refused at once`() {
    for type in GGUFValueType.allCases {
      for count: UInt64 in [.max, 1 << 63, 1 << 61, 1 << 60, 1 << 40, 65] {
        var raw = RawGGUF(keys: 1)
        raw.add(key: "k", array: type.rawValue, count: count)
        for _ in 0..<8 { raw.add(UInt64(0)) }
        Self.refuse(raw, .truncated, .key("k"), "array of \(count) × \(type.name)")
      }
    }
  }

  @Test func `Arrays of an unknown type are refused whatever they count`() {
    for type: UInt32 in [13, 99, .max] {
      for count: UInt64 in [0, 1 << 60] {
        var raw = RawGGUF(keys: 1)
        raw.add(key: "k", array: type, count: count)
        Self.refuse(raw, .malformed, .key("k"), "found \(type)")
      }
    }
  }

  private static func nested(_ depth: Int) -> RawGGUF {
    var raw = oneKey(.array)
    for _ in 1..<depth {
      raw.add(GGUFValueType.array.rawValue)
      raw.add(UInt64(1))
    }
    raw.add(GGUFValueType.uint8.rawValue)
    raw.add(UInt64(1))
    raw.add(UInt8(5))
    return raw
  }

  @Test func `Arrays may lie in arrays, but not deeper than the limit`() throws {
    for depth in 1...GGUFLimits.arrayDepth {
      let metadata = try Self.nested(depth).open().metadata
      #expect(try metadata.array("k")?.elementType == (depth == 1 ? .uint8 : .array))
      #expect(metadata.value("k")?.description == (depth == 1 ? "[5]" : "[[…]]"))
    }
    Self.refuse(Self.nested(GGUFLimits.arrayDepth + 1), .malformed, .key("k"), "nested")
    Self.refuse(Self.nested(100_000), .malformed, .key("k"), "nested")
  }

  @Test func `Strings in nested arrays are walked too`() throws {
    var raw = Self.oneKey(.array)
    raw.add(GGUFValueType.array.rawValue)
    raw.add(UInt64(2))
    for count: UInt64 in [0, 2] {
      raw.add(GGUFValueType.string.rawValue)
      raw.add(count)
      for _ in 0..<count { raw.add(string: "ab".utf8) }
    }
    #expect(try raw.open().metadata.array("k")?.count == 2)
  }

  @Test func `Elements that must be walked are limited in all arrays together`() {
    var raw = RawGGUF(keys: 2)
    for (key, count) in [("a", GGUFLimits.walkedElementCount), ("b", 1)] {
      raw.add(key: key, array: 7, count: UInt64(count))
      raw.addData(count, alignment: 1)
    }
    Self.refuse(raw, .malformed, .key("b"), "1 more than")
  }

  @Test(arguments: [0, 1, 2, 4, 7, 9, 24, 33, 96, 1 << 21, 1 << 31, .max] as [UInt32])
  func `Alignments other than powers of two from 8 to 2^20 are refused`(alignment: UInt32) {
    var raw = Self.oneKey(.uint32, key: "general.alignment")
    raw.add(alignment)
    raw.addData(64)
    Self.refuse(raw, .malformed, .key("general.alignment"), "power of two", "found \(alignment)")
  }

  @Test func `An alignment of another type is refused`() {
    for type in GGUFValueType.allCases where type != .uint32 {
      var raw = Self.oneKey(type, key: "general.alignment")
      raw.add(UInt64(0))
      raw.add(UInt64(0))
      Self.refuse(raw, .wrongType, .key("general.alignment"), "u32", "found \(type.name)")
    }
  }

  @Test func `Dimensions are 1 to 4, each at least 1`() {
    Self.refuse(Self.oneTensor([]), .malformed, .tensor("t"), "1 to 4 dimensions", "found 0")
    Self.refuse(Self.oneTensor([1, 1, 1, 1, 1]), .malformed, .tensor("t"), "found 5")
    for shape: [UInt64] in [[0], [4, 0], [4, 4, 0], [0, 0, 0, 0], [1 << 63], [.max, 1]] {
      Self.refuse(Self.oneTensor(shape), .malformed, .tensor("t"), "a dimension of 1 to")
    }
    var raw = RawGGUF(tensors: 1)
    raw.add(string: "t".utf8)
    raw.add(UInt32.max)
    raw.addData(64)
    Self.refuse(raw, .malformed, .tensor("t"), "found 4294967295")
  }

  @Test func `Sizes that overflow are refused`() {
    for shape: [UInt64] in [
      [1 << 62, 4], [1 << 32, 1 << 32], [1 << 31, 1 << 31, 4], [1 << 16, 1 << 16, 1 << 16, 1 << 16], [1 << 62],
      [3_037_000_500, 3_037_000_500], [1, 1 << 62, 4],
    ] {
      Self.refuse(Self.oneTensor(shape), .malformed, .tensor("t"), "2^63")
    }
    // Elements fit, their bytes do not: a product taken in the wrong order would wrap to a small number.
    Self.refuse(Self.oneTensor([32, (1 << 58) - 1], type: 8), .malformed, .tensor("t"), "2^63")
    Self.refuse(Self.oneTensor([32, 0x1E1E_1E1E_1E1E_1E2], type: 8), .truncated, .tensor("t"))
  }

  @Test func `Rows of broken quant blocks are refused`() {
    Self.refuse(Self.oneTensor([33], type: 8), .malformed, .tensor("t"), "whole Q8_0 blocks", "[33]")
    Self.refuse(Self.oneTensor([128, 2], type: 12), .malformed, .tensor("t"), "whole Q4_K blocks")
    Self.refuse(Self.oneTensor([1, 32], type: 8), .malformed, .tensor("t"), "whole Q8_0 blocks")
  }

  @Test func `Unknown and removed tensor types are refused`() {
    for type: UInt32 in [4, 5, 31, 36, 255, .max] {
      Self.refuse(Self.oneTensor([32], type: type), .unsupported, .tensor("t"), "type id \(type)")
    }
  }

  @Test func `Tensors past the end are refused, a tensor up to the last byte is not`() throws {
    #expect(try Self.oneTensor([1024]).open().tensors.first?.byteCount == 4096)
    #expect(try Self.oneTensor([512], at: 2048).open().tensors.first?.byteCount == 2048)
    Self.refuse(Self.oneTensor([1025]), .truncated, .tensor("t"), "4100 bytes")
    Self.refuse(Self.oneTensor([1024], at: 32), .truncated, .tensor("t"))
    for offset: UInt64 in [4096, 1 << 62, 1 << 63, .max - 31] {
      Self.refuse(Self.oneTensor([1], at: offset), .truncated, .tensor("t"), "\(offset)")
    }
    Self.refuse(Self.oneTensor([1], at: 16), .malformed, .tensor("t"), "multiple of 32", "found 16")
  }

  @Test func `Tensors that overlap are refused, neighbours are not`() throws {
    for (second, overlaps) in [(0 as UInt64, true), (32, true), (64, false), (96, false)] {
      var raw = RawGGUF(tensors: 2)
      raw.add(tensor: "b", [8], at: second)
      raw.add(tensor: "a", [16], at: 0)
      raw.addData(256)
      if overlaps {
        let error = #expect(throws: GGUFError.self) { try raw.open() }
        #expect(error?.description.contains("begins within") == true)
      } else {
        #expect(try raw.open().tensors.count == 2)
      }
    }
  }

  @Test func `Tensor names are unique and have 1 to 64 bytes`() throws {
    var raw = RawGGUF(tensors: 2)
    raw.add(tensor: "same", [8], at: 0)
    raw.add(tensor: "same", [8], at: 32)
    raw.addData(64)
    Self.refuse(raw, .malformed, .tensor("same"), "second time")
    for length in [0, 1, 64, 65, 100_000] {
      var raw = RawGGUF(tensors: 1)
      raw.add(tensor: String(repeating: "n", count: length), [8])
      raw.addData(64)
      if (1...64).contains(length) {
        #expect(try raw.open().tensors.count == 1)
      } else {
        Self.refuse(raw, .malformed, .header("tensor 1 of 1"), "1 to 64 bytes", "found \(length) bytes")
      }
    }
  }

  @Test func `Missing keys and tensors are named`() throws {
    let file = try RawGGUF().open()
    let key = #expect(throws: GGUFError.self) { try file.metadata.requireInt("llama.block_count") }
    #expect(key?.kind == .missing && key?.description.hasSuffix("key 'llama.block_count' is missing") == true)
    let tensor = #expect(throws: GGUFError.self) { try file.weightSource(named: "output.weight") }
    #expect(tensor?.kind == .missing && tensor?.description.hasSuffix("tensor 'output.weight' is missing") == true)
  }
}
