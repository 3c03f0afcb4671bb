internal import ApusCore
internal import ApusText

/// Places the tensors that a file lists: each whole, within the file, by itself, and named once.
enum TensorTable {
  /// A tensor as its entry in the header gives it.
  struct Entry {
    let name: String
    let dimensions: [Int]
    let type: GGUFTensorType
    /// From the start of the tensor data.
    let relativeOffset: UInt64
    /// Where this entry lies, for messages.
    let entryOffset: Int
  }

  /// Where tensor data begins in the file, and what every tensor's offset is a multiple of.
  struct Start {
    let offset: Int
    let alignment: Int
  }

  /// Checks every entry against the file, the names, and the other tensors' bytes.
  static func place(
    _ entries: [Entry], from start: Start, in cursor: ByteCursor
  ) throws(GGUFError) -> [GGUFTensor] {
    var names: Set<ExactName> = []
    names.reserveCapacity(entries.count)
    var tensors: [GGUFTensor] = []
    tensors.reserveCapacity(entries.count)
    for entry in entries {
      let tensor = try place(entry, from: start, in: cursor)
      guard names.insert(ExactName(entry.name)).inserted else {
        throw cursor.error(
          .tensor(entry.name), at: entry.entryOffset, expected: "every tensor once", found: "it a second time")
      }
      tensors.append(tensor)
    }
    try refuseOverlaps(tensors, in: cursor)
    return tensors
  }

  private static func place(
    _ entry: Entry, from start: Start, in cursor: ByteCursor
  ) throws(GGUFError) -> GGUFTensor {
    let subject = GGUFSubject.tensor(entry.name)
    let (elements, bytes) = try size(entry, in: cursor)
    guard entry.relativeOffset.isMultiple(of: UInt64(start.alignment)) else {
      throw cursor.error(
        subject, at: entry.entryOffset, expected: "data at a multiple of \(start.alignment)",
        found: "\(entry.relativeOffset)")
    }
    let available = cursor.file.byteCount - start.offset
    guard entry.relativeOffset <= available, bytes <= available - Int(entry.relativeOffset) else {
      throw cursor.error(
        subject, .truncated, at: entry.entryOffset,
        expected: "\(bytes) bytes at \(entry.relativeOffset) of the tensor data",
        found: "only \(available) bytes of tensor data: is the file complete?")
    }
    return GGUFTensor(
      name: entry.name, dimensions: entry.dimensions, type: entry.type,
      offset: start.offset + Int(entry.relativeOffset), byteCount: bytes, elementCount: elements)
  }

  private static func size(
    _ entry: Entry, in cursor: ByteCursor
  ) throws(GGUFError) -> (elements: Int, bytes: Int) {
    if let size = entry.type.size(entry.dimensions) { return size }
    let (columns, block) = (entry.dimensions[0], entry.type.blockElements)
    throw cursor.error(
      .tensor(entry.name), at: entry.entryOffset,
      expected: columns.isMultiple(of: block)
        ? "a size below 2^63 bytes" : "rows of whole \(entry.type.name) blocks (\(block) elements)",
      found: "dimensions \(entry.dimensions)")
  }

  private static func refuseOverlaps(_ tensors: [GGUFTensor], in cursor: ByteCursor) throws(GGUFError) {
    let ordered = tensors.sorted { $0.offset < $1.offset }
    for (tensor, next) in zip(ordered, ordered.dropFirst()) where tensor.offset + tensor.byteCount > next.offset {
      throw cursor.error(
        .tensor(next.name), at: next.offset, expected: "data of its own",
        found: "that it begins within tensor '\(printable(tensor.name, limit: 50))'")
    }
  }
}
