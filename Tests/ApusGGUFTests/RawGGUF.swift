internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport

/// Builds a file byte by byte, right or wrong: what the writer would refuse to write.
struct RawGGUF {
  private(set) var bytes: [UInt8]

  init(version: UInt32 = 3, tensors: UInt64 = 0, keys: UInt64 = 0) {
    bytes = Array("GGUF".utf8) + version.littleEndianBytes + tensors.littleEndianBytes + keys.littleEndianBytes
  }

  mutating func add(_ value: some FixedWidthInteger) { bytes += value.littleEndianBytes }

  mutating func add(string: some Sequence<UInt8>) {
    let content = Array(string)
    add(UInt64(content.count))
    bytes += content
  }

  /// A key and its value's type; the value is for the caller to add.
  mutating func add(key: String, _ type: GGUFValueType) {
    add(string: key.utf8)
    add(type.rawValue)
  }

  mutating func add(key: String, array type: UInt32, count: UInt64) {
    add(key: key, .array)
    add(type)
    add(count)
  }

  mutating func add(tensor name: String, _ dimensions: [UInt64], type: UInt32 = 0, at offset: UInt64 = 0) {
    add(string: name.utf8)
    add(UInt32(dimensions.count))
    for dimension in dimensions { add(dimension) }
    add(type)
    add(offset)
  }

  /// Zeros up to the next multiple of `alignment`, then `count` more.
  mutating func addData(_ count: Int, alignment: Int = 32) {
    bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment + count)
  }

  /// Opens these bytes as a file.
  func open() throws -> GGUFFile {
    let folder = try TemporaryFolder()
    return try GGUFFile.open(path: folder.write(bytes, to: "raw.gguf"), mode: .read)
  }
}

extension GGUFFile {
  /// Reads all that a file offers, as a model's loader would, and returns how many bytes that was.
  ///
  /// For damaged files: whatever opens must be readable to the end without a trap.
  func readEverything() -> Int {
    var count = 0
    for key in metadata.keys {
      count += metadata.value(key)?.description(limit: 100).utf8.count ?? 0
      count += (try? metadata.string(key))??.utf8.count ?? 0
      count += (try? metadata.int(key)).map { _ in 8 } ?? 0
      count += (try? metadata.floats(key))??.count ?? 0
      count += (try? metadata.ints(key))??.count ?? 0
      count += (try? metadata.int32s(key))??.count ?? 0
      count += (try? metadata.bools(key))??.count ?? 0
      (try? metadata.strings(key))??.forEach { _, bytes in count += bytes.count }
    }
    for tensor in tensors {
      let bytes = bytes(of: tensor)
      count += Int(bytes[0]) + Int(bytes[bytes.count - 1])
      count += (try? weightSource(named: tensor.name))?.byteCount ?? 0
    }
    return count
  }
}
