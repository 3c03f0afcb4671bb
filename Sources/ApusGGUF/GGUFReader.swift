internal import ApusCore
internal import ApusText

/// One GGUF file, checked from the magic to the end of the last tensor; layout as in ggml `docs/gguf.md`.
struct GGUFPart {
  let version: UInt32
  let metadata: GGUFMetadata
  let tensors: [GGUFTensor]
  /// Bytes of all that stands before the tensors' data.
  let headerByteCount: Int
}

/// Reads one file in a single pass over its header.
///
/// Nothing in the file is believed: a count is compared with the bytes that are left before it is used, sums
/// and products are checked, and every failure names the offset, what was expected and what was found.
struct GGUFReader {
  private var cursor: ByteCursor

  /// Reads `file`, a model or one part of it.
  static func read(_ file: MappedFile) throws(GGUFError) -> GGUFPart {
    var reader = GGUFReader(cursor: ByteCursor(file))
    return try reader.read()
  }

  private mutating func read() throws(GGUFError) -> GGUFPart {
    let version = try readVersion()
    let tensorCount = try readCount("tensor_count", limit: GGUFLimits.tensorCount, minimumByteCount: 33)
    let keyCount = try readCount("metadata_kv_count", limit: GGUFLimits.keyCount, minimumByteCount: 14)
    let metadata = try readMetadata(keyCount)
    let entries = try readTensorEntries(tensorCount)
    let start = try dataStart(metadata, isNeeded: !entries.isEmpty)
    let tensors = try TensorTable.place(entries, from: start, in: cursor)
    return GGUFPart(
      version: version, metadata: metadata, tensors: tensors, headerByteCount: min(start.offset, cursor.file.byteCount))
  }

  private mutating func readVersion() throws(GGUFError) -> UInt32 {
    guard cursor.file.byteCount > 0 else {
      throw cursor.error(.file, .truncated, expected: "a model", found: "an empty file: fetch it again")
    }
    let magic = try cursor.integer(UInt32.self, of: .header("magic"))
    guard magic == 0x4655_4747 else {
      throw cursor.error(
        .header("magic"), at: 0, expected: "the four bytes 'GGUF'", found: "0x" + String(magic.byteSwapped, radix: 16))
    }
    let version = try cursor.integer(UInt32.self, of: .header("version"))
    if version == 2 || version == 3 { return version }
    let found =
      switch version {
      case 1: "version 1, which is too old: convert the model again"
      case _ where version != 0 && version & 0xFFFF == 0: "a big-endian file: convert the model for little-endian"
      default: "version \(version)"
      }
    throw cursor.error(.header("version"), .unsupported, at: 4, expected: "version 2 or 3", found: found)
  }

  /// A count of entries that each take at least `minimumByteCount` bytes.
  private mutating func readCount(
    _ field: String, limit: Int, minimumByteCount: Int
  ) throws(GGUFError) -> Int {
    let start = cursor.offset
    let count = try cursor.integer(UInt64.self, of: .header(field))
    guard count <= limit else {
      throw cursor.error(.header(field), at: start, expected: "at most \(limit)", found: "\(count)")
    }
    guard count <= cursor.remaining / minimumByteCount else {
      throw cursor.truncated(.header(field), expected: "\(count) entries of at least \(minimumByteCount) bytes")
    }
    return Int(count)
  }
}

extension GGUFReader {
  private mutating func readMetadata(_ count: Int) throws(GGUFError) -> GGUFMetadata {
    var metadata = GGUFMetadata(file: cursor.file)
    var values = GGUFValueReader()
    for index in 0..<count {
      let start = cursor.offset
      let key = try readName(
        limit: GGUFLimits.keyByteCount, of: .header("key \(index + 1) of \(count)"), "a key")
      let type = try GGUFValueType(from: &cursor, of: .key(key))
      let valueStart = cursor.offset
      let value = try values.read(type, from: &cursor, of: .key(key))
      let entry = GGUFMetadata.Entry(key: key, value: value, range: valueStart..<cursor.offset)
      guard metadata.add(entry) else {
        throw cursor.error(.key(key), at: start, expected: "every key once", found: "it a second time")
      }
    }
    return metadata
  }

  private mutating func readName(
    limit: Int, of subject: GGUFSubject, _ what: String
  ) throws(GGUFError) -> String {
    let start = cursor.offset
    let length = try cursor.integer(UInt64.self, of: subject)
    guard length >= 1, length <= limit else {
      throw cursor.error(subject, at: start, expected: "\(what) of 1 to \(limit) bytes", found: "\(length) bytes")
    }
    let range = try cursor.take(length, subject)
    let string = GGUFString(file: cursor.file, range: range)
    guard let text = string.text else {
      throw cursor.error(
        subject, at: start, expected: "\(what) of valid UTF-8", found: "'\(printable(string.bytes, limit: 40))'")
    }
    return text
  }

  /// Where tensor data begins: after the last entry, rounded up to the file's alignment.
  private func dataStart(_ metadata: GGUFMetadata, isNeeded: Bool) throws(GGUFError) -> TensorTable.Start {
    let key = "general.alignment"
    let alignment: Int
    switch metadata.value(key) {
    case nil: alignment = GGUFLimits.defaultAlignment
    case .uint32(let value): alignment = Int(value)
    case .some(let value):
      throw metadata.error(key, expected: "a u32", found: value.typeName + " " + value.description(limit: 40))
    }
    guard GGUFLimits.alignment.contains(alignment), alignment.nonzeroBitCount == 1 else {
      throw metadata.error(
        key, .malformed, expected: "a power of two from 8 to \(GGUFLimits.alignment.upperBound)", found: "\(alignment)")
    }
    let offset = (cursor.offset + alignment - 1) / alignment * alignment
    guard !isNeeded || offset <= cursor.file.byteCount else {
      throw cursor.truncated(.file, expected: "tensor data at offset \(offset)")
    }
    return TensorTable.Start(offset: offset, alignment: alignment)
  }

  private mutating func readTensorEntries(_ count: Int) throws(GGUFError) -> [TensorTable.Entry] {
    var entries: [TensorTable.Entry] = []
    entries.reserveCapacity(count)
    for index in 0..<count {
      let start = cursor.offset
      let name = try readName(
        limit: GGUFLimits.tensorNameByteCount, of: .header("tensor \(index + 1) of \(count)"), "a name")
      let dimensions = try readDimensions(of: .tensor(name))
      let type = try readTensorType(of: .tensor(name))
      let offset = try cursor.integer(UInt64.self, of: .tensor(name))
      entries.append(.init(name: name, dimensions: dimensions, type: type, relativeOffset: offset, entryOffset: start))
    }
    return entries
  }

  private mutating func readDimensions(of subject: GGUFSubject) throws(GGUFError) -> [Int] {
    let start = cursor.offset
    let count = try cursor.integer(UInt32.self, of: subject)
    guard count >= 1, count <= GGUFLimits.dimensionCount else {
      throw cursor.error(
        subject, at: start, expected: "1 to \(GGUFLimits.dimensionCount) dimensions", found: "\(count)")
    }
    var dimensions: [Int] = []
    for _ in 0..<count {
      let value = try cursor.integer(UInt64.self, of: subject)
      guard value >= 1, let dimension = Int(exactly: value) else {
        throw cursor.error(subject, at: cursor.offset - 8, expected: "a dimension of 1 to 2^63 - 1", found: "\(value)")
      }
      dimensions.append(dimension)
    }
    return dimensions
  }

  private mutating func readTensorType(of subject: GGUFSubject) throws(GGUFError) -> GGUFTensorType {
    let start = cursor.offset
    let id = try cursor.integer(UInt32.self, of: subject)
    guard let type = GGUFTensorType(id: id) else {
      throw cursor.error(
        subject, .unsupported, at: start, expected: "a known tensor format", found: "type id \(id)")
    }
    return type
  }
}
