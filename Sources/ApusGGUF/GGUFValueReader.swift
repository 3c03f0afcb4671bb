internal import ApusCore

/// Reads metadata values and walks over their arrays, counting what it has walked in this file.
struct GGUFValueReader {
  private var walkedElementCount = 0

  /// Reads the value that begins at the cursor.
  mutating func read(
    _ type: GGUFValueType, from cursor: inout ByteCursor, of subject: GGUFSubject
  ) throws(GGUFError) -> GGUFValue {
    if let single = try GGUFValue.single(type, from: &cursor, of: subject) { return single }
    return .array(try readArray(from: &cursor, of: subject, depth: 1))
  }

  private mutating func readArray(
    from cursor: inout ByteCursor, of subject: GGUFSubject, depth: Int
  ) throws(GGUFError) -> GGUFArray {
    guard depth <= GGUFLimits.arrayDepth else {
      throw cursor.error(
        subject, expected: "arrays nested at most \(GGUFLimits.arrayDepth) deep", found: "a deeper one")
    }
    let type = try GGUFValueType(from: &cursor, of: subject)
    let count = try readCount(of: type, from: &cursor, of: subject)
    let start = cursor.offset
    var starts: [Int] = []
    switch type {
    case .string: starts = try walkStrings(count, from: &cursor, of: subject, keepsStarts: depth == 1)
    case .bool: try walkBools(count, from: &cursor, of: subject)
    case .array:
      for _ in 0..<count { _ = try readArray(from: &cursor, of: subject, depth: depth + 1) }
    default: _ = try cursor.take(UInt64(count), of: type.minimumByteCount, subject)
    }
    return GGUFArray(
      elementType: type, count: count, file: cursor.file, range: start..<cursor.offset, starts: starts)
  }

  /// An array's count, which the bytes that are left can hold.
  private mutating func readCount(
    of type: GGUFValueType, from cursor: inout ByteCursor, of subject: GGUFSubject
  ) throws(GGUFError) -> Int {
    let count = try cursor.integer(UInt64.self, of: subject)
    guard count <= cursor.remaining / type.minimumByteCount else {
      throw cursor.truncated(subject, expected: "an array of \(count) × \(type.name)")
    }
    guard type == .string || type == .bool || type == .array else { return Int(count) }
    guard count <= GGUFLimits.walkedElementCount - walkedElementCount else {
      throw cursor.error(
        subject, expected: "at most \(GGUFLimits.walkedElementCount) strings, bools and arrays in all arrays",
        found: "\(count) more than the \(walkedElementCount) before")
    }
    walkedElementCount += Int(count)
    return Int(count)
  }

  /// Moves over strings; returns where each begins and the last ends, or nothing if they are not kept.
  private func walkStrings(
    _ count: Int, from cursor: inout ByteCursor, of subject: GGUFSubject, keepsStarts: Bool
  ) throws(GGUFError) -> [Int] {
    let file = cursor.file
    let bytes = file.bytes
    let end = bytes.byteCount
    var position = cursor.offset
    var starts: [Int] = []
    if keepsStarts { starts.reserveCapacity(count + 1) }
    for index in 0..<count {
      if keepsStarts { starts.append(position) }
      guard end - position >= 8 else { throw truncated(index, of: count, at: position, in: cursor, subject) }
      let length = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      position += 8
      guard length <= end - position else { throw truncated(index, of: count, at: position, in: cursor, subject) }
      position += Int(length)
    }
    if keepsStarts { starts.append(position) }
    cursor.move(to: position)
    return starts
  }

  private func truncated(
    _ index: Int, of count: Int, at position: Int, in cursor: ByteCursor, _ subject: GGUFSubject
  ) -> GGUFError {
    cursor.error(
      subject, .truncated, at: position, expected: "string \(index + 1) of \(count) within the file",
      found: "the end of the file after \(cursor.file.byteCount - position) bytes")
  }

  private func walkBools(
    _ count: Int, from cursor: inout ByteCursor, of subject: GGUFSubject
  ) throws(GGUFError) {
    let range = try cursor.take(UInt64(count), subject)
    let bytes = cursor.file.bytes
    for position in range {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
      guard byte <= 1 else { throw cursor.error(subject, at: position, expected: "a bool, 0 or 1", found: "\(byte)") }
    }
  }
}

extension GGUFValueType {
  /// Reads a type id.
  init(from cursor: inout ByteCursor, of subject: GGUFSubject) throws(GGUFError) {
    let start = cursor.offset
    let id = try cursor.integer(UInt32.self, of: subject)
    guard let type = GGUFValueType(rawValue: id) else {
      throw cursor.error(subject, at: start, expected: "a value type of 0 to 12", found: "\(id)")
    }
    self = type
  }
}

extension GGUFValue {
  /// Reads a scalar or a string; nil, and nothing read, for the array type.
  static func single(
    _ type: GGUFValueType, from cursor: inout ByteCursor, of subject: GGUFSubject
  ) throws(GGUFError) -> GGUFValue? {
    switch type {
    case .uint8: .uint8(try cursor.integer(UInt8.self, of: subject))
    case .int8: .int8(try cursor.integer(Int8.self, of: subject))
    case .uint16: .uint16(try cursor.integer(UInt16.self, of: subject))
    case .int16: .int16(try cursor.integer(Int16.self, of: subject))
    case .uint32: .uint32(try cursor.integer(UInt32.self, of: subject))
    case .int32: .int32(try cursor.integer(Int32.self, of: subject))
    case .uint64: .uint64(try cursor.integer(UInt64.self, of: subject))
    case .int64: .int64(try cursor.integer(Int64.self, of: subject))
    case .float32: .float32(Float(bitPattern: try cursor.integer(UInt32.self, of: subject)))
    case .float64: .float64(Double(bitPattern: try cursor.integer(UInt64.self, of: subject)))
    case .bool: .bool(try bool(from: &cursor, of: subject))
    case .string: .string(try string(from: &cursor, of: subject))
    case .array: nil
    }
  }

  private static func bool(from cursor: inout ByteCursor, of subject: GGUFSubject) throws(GGUFError) -> Bool {
    let byte = try cursor.integer(UInt8.self, of: subject)
    guard byte <= 1 else {
      throw cursor.error(subject, at: cursor.offset - 1, expected: "a bool, 0 or 1", found: "\(byte)")
    }
    return byte == 1
  }

  private static func string(
    from cursor: inout ByteCursor, of subject: GGUFSubject
  ) throws(GGUFError) -> GGUFString {
    let length = try cursor.integer(UInt64.self, of: subject)
    return GGUFString(file: cursor.file, range: try cursor.take(length, subject))
  }
}
