internal import ApusCore
internal import ApusGGUF

extension SavedState {
  /// Gives some parts of a kind, one after the other.
  package typealias Parts = (_ kind: Kind, _ parts: Range<Int>) throws -> [UInt8]

  /// Writes all to a file that only its owner may read; it has its name once it is complete.
  ///
  /// Parts are asked for a few at a time. Throws `GGUFError` where the file cannot be written, and what `parts` throws.
  package func write(to path: String, _ sizes: [Kind: Size], _ parts: Parts) throws {
    var writer = header
    let kinds = Kind.allCases.filter { sizes[$0]?.isEmpty == false }
    let tensors = kinds.compactMap { sizes[$0] }
    for (kind, size) in zip(kinds, tensors) {
      try writer.addTensor(kind.rawValue, dimensions: [size.byteCount, size.count], type: .bytes)
    }
    let count = tensors.reduce(0) { $0 + $1.count }
    if count > 0 { try writer.addTensor(SavedStateFormat.digestsTensor, dimensions: [8, count], type: .bytes) }
    var digests: [UInt8] = []
    try writer.write(to: path, isPrivate: true) { index, emit in
      guard kinds.indices.contains(index) else { return try emit(digests.span) }
      for range in tensors[index].pieces {
        let bytes = try parts(kinds[index], range)
        for part in range { digests += [UInt8](littleEndian: tensors[index].digest(of: part, in: bytes, from: range)) }
        try emit(bytes.span)
      }
    }
  }

  private var header: GGUFWriter {
    var writer = GGUFWriter()
    writer.set("general.type", SavedStateFormat.type)
    writer.set("general.architecture", architecture)
    writer.set(SavedStateFormat.versionKey, UInt32(SavedStateFormat.version))
    writer.set(SavedStateFormat.digestKey, Int64(bitPattern: digest))
    writer.set(SavedStateFormat.modelKey, Int64(bitPattern: model))
    writer.set(SavedStateFormat.kernelsKey, kernels)
    writer.set(SavedStateFormat.kvFormatKey, kvFormat.rawValue)
    writer.set(SavedStateFormat.adapterNamesKey, strings: adapters.map(\.name))
    writer.set(SavedStateFormat.adapterDigestsKey, array: adapters.map { Int64(bitPattern: $0.digest) })
    writer.set(SavedStateFormat.adapterScalesKey, array: adapters.map(\.scale))
    writer.set(SavedStateFormat.tokensKey, array: tokens)
    writer.set(SavedStateFormat.blocksKey, Int64(blocks))
    writer.set(SavedStateFormat.transcriptKey, bytes: transcript)
    return writer
  }
}
