package import ApusCore

/// Writes GGUF files, version 3: collects metadata and tensor entries, then streams header and data.
///
/// Only the header is held in memory; tensor data passes through in whatever pieces the caller has.
package struct GGUFWriter: Sendable {
  /// A tensor that the file will hold.
  package struct Tensor: Sendable {
    package let name: String
    package let dimensions: [Int]
    package let type: GGUFTensorType
    package let byteCount: Int
  }

  /// Gives the bytes of tensor `index` to `emit`, in as many pieces as it likes.
  package typealias TensorData = (_ index: Int, _ emit: (Span<UInt8>) throws -> Void) throws -> Void

  package private(set) var tensors: [Tensor] = []
  private var names: Set<ExactName> = []
  private var entries: [(key: String, encoded: [UInt8])] = []
  private var indexes: [ExactName: Int] = [:]
  private let alignment: Int

  /// Tensor data will lie at multiples of `alignment`: a power of two from 8 to 2^20.
  package init(alignment: Int = GGUFLimits.defaultAlignment) {
    precondition(
      GGUFLimits.alignment.contains(alignment) && alignment.nonzeroBitCount == 1, "alignment out of range")
    self.alignment = alignment
    if alignment != GGUFLimits.defaultAlignment { set("general.alignment", UInt32(alignment)) }
  }
}

extension GGUFWriter {
  /// Sets a scalar; a key that is there already gets the new value in its old place.
  package mutating func set<T: GGUFScalar>(_ key: String, _ value: T) {
    var encoded: [UInt8] = []
    T.ggufType.rawValue.append(to: &encoded)
    value.append(to: &encoded)
    set(key, encoded: encoded)
  }

  package mutating func set(_ key: String, _ value: String) { set(key, bytes: Array(value.utf8)) }

  /// Sets a string whose bytes need not be UTF-8.
  package mutating func set(_ key: String, bytes: [UInt8]) {
    var encoded: [UInt8] = []
    GGUFValueType.string.rawValue.append(to: &encoded)
    appendString(bytes, to: &encoded)
    set(key, encoded: encoded)
  }

  package mutating func set<T: GGUFScalar>(_ key: String, array: [T]) {
    var encoded = arrayStart(T.ggufType, array.count)
    for element in array { element.append(to: &encoded) }
    set(key, encoded: encoded)
  }

  package mutating func set(_ key: String, strings: [String]) {
    set(key, strings: strings.map { Array($0.utf8) })
  }

  /// Sets an array of strings whose bytes need not be UTF-8.
  package mutating func set(_ key: String, strings: [[UInt8]]) {
    var encoded = arrayStart(.string, strings.count)
    for string in strings { appendString(string, to: &encoded) }
    set(key, encoded: encoded)
  }

  /// Takes over all metadata of a file as it is, except its alignment and its split.
  package mutating func copy(_ metadata: GGUFMetadata) {
    for entry in metadata.entries where entry.key != "general.alignment" && !entry.key.hasPrefix("split.") {
      var encoded: [UInt8] = []
      entry.value.type.rawValue.append(to: &encoded)
      encoded += GGUFString(file: metadata.file, range: entry.range).bytes
      set(entry.key, encoded: encoded)
    }
  }

  private mutating func set(_ key: String, encoded: [UInt8]) {
    precondition((1...GGUFLimits.keyByteCount).contains(key.utf8.count), "a key has 1 to 65535 bytes")
    if let index = indexes[ExactName(key)] {
      entries[index].encoded = encoded
    } else {
      indexes[ExactName(key)] = entries.count
      entries.append((key, encoded))
    }
  }

  private func arrayStart(_ type: GGUFValueType, _ count: Int) -> [UInt8] {
    var encoded: [UInt8] = []
    GGUFValueType.array.rawValue.append(to: &encoded)
    type.rawValue.append(to: &encoded)
    UInt64(count).append(to: &encoded)
    return encoded
  }
}

extension GGUFWriter {
  /// Adds a tensor's entry; its data is asked for when the file is written.
  package mutating func addTensor(
    _ name: String, dimensions: [Int], type: GGUFTensorType
  ) throws(GGUFError) {
    func refuse(_ expected: String, _ found: String) -> GGUFError {
      GGUFError(.malformed, path: "new file", .tensor(name), expected: expected, found: found)
    }
    guard (1...GGUFLimits.tensorNameByteCount).contains(name.utf8.count) else {
      throw refuse("a name of 1 to \(GGUFLimits.tensorNameByteCount) bytes", "\(name.utf8.count)")
    }
    guard (1...GGUFLimits.dimensionCount).contains(dimensions.count), dimensions.allSatisfy({ $0 > 0 }),
      let size = type.size(dimensions)
    else {
      throw refuse("1 to \(GGUFLimits.dimensionCount) dimensions of whole \(type.name) blocks", "\(dimensions)")
    }
    guard names.insert(ExactName(name)).inserted else { throw refuse("every tensor once", "it a second time") }
    tensors.append(Tensor(name: name, dimensions: dimensions, type: type, byteCount: size.bytes))
  }

  package mutating func addTensor(
    _ name: String, dimensions: [Int], format: TensorFormat
  ) throws(GGUFError) {
    try addTensor(name, dimensions: dimensions, type: .supported(format))
  }

  /// The whole file in memory.
  package func bytes(_ data: TensorData) throws -> [UInt8] {
    let output = OutputBytes()
    try write(data, to: output)
    return output.bytes
  }

  /// Writes the file; it has its name only once it is complete.
  ///
  /// With `isPrivate` nobody but its owner may read it.
  package func write(to path: String, isPrivate: Bool = false, _ data: TensorData) throws {
    let output = try OutputFile(path: path, isPrivate: isPrivate)
    try write(data, to: output)
    try output.finish()
  }

  private func write(_ data: TensorData, to output: some Output) throws {
    let header = header()
    try output.append(header.span)
    try output.append(padding(after: header.count).span)
    for (index, tensor) in tensors.enumerated() {
      var count = 0
      try data(index) { piece in
        count += piece.count
        try output.append(piece)
      }
      precondition(count == tensor.byteCount, "the data of a tensor has the size of its entry")
      try output.append(padding(after: count).span)
    }
  }

  private func header() -> [UInt8] {
    var result = Array("GGUF".utf8)
    UInt32(3).append(to: &result)
    UInt64(tensors.count).append(to: &result)
    UInt64(entries.count).append(to: &result)
    for entry in entries {
      appendString(Array(entry.key.utf8), to: &result)
      result += entry.encoded
    }
    var offset = 0
    for tensor in tensors {
      appendString(Array(tensor.name.utf8), to: &result)
      UInt32(tensor.dimensions.count).append(to: &result)
      for dimension in tensor.dimensions { UInt64(dimension).append(to: &result) }
      tensor.type.id.append(to: &result)
      UInt64(offset).append(to: &result)
      offset += tensor.byteCount + padding(after: tensor.byteCount).count
    }
    return result
  }

  private func padding(after count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (alignment - count % alignment) % alignment)
  }
}

private func appendString(_ string: [UInt8], to bytes: inout [UInt8]) {
  UInt64(string.count).append(to: &bytes)
  bytes += string
}
