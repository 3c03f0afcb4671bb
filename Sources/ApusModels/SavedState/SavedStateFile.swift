internal import ApusCore
internal import ApusGGUF

/// A file with a saved state, opened: what it says is checked against its digest, and each part when it is read.
package struct SavedStateFile: Sendable {
  package let state: SavedState
  private let file: GGUFFile
  /// The digest of each part.
  private let digests: [SavedState.Kind: [UInt64]]

  /// Opens the file at `path`; reads its header, and none of the parts.
  package init(path: String) throws(ModelError) {
    do throws(GGUFError) {
      file = try GGUFFile(Self.map(path))
      state = try SavedState(file.metadata)
      digests = try Self.digests(file)
    } catch {
      throw .file(error)
    }
  }

  /// The file alone, whatever it says of other parts.
  private static func map(_ path: String) throws(GGUFError) -> MappedFile {
    do throws(FileError) {
      return try MappedFile(path: path)
    } catch {
      throw GGUFError(error)
    }
  }

  package var path: String { file.paths[0] }

  /// How many parts of a kind there are, and the bytes of each.
  package func size(of kind: SavedState.Kind) -> SavedState.Size {
    let tensor = file.tensor(named: kind.rawValue)
    return SavedState.Size(count: tensor?.rows ?? 0, byteCount: tensor?.columns ?? 0)
  }

  /// Some parts of a kind, one after the other; throws where one is not what was saved.
  package func bytes(of kind: SavedState.Kind, _ parts: Range<Int>) throws(ModelError) -> [UInt8] {
    guard !parts.isEmpty, let tensor = file.tensor(named: kind.rawValue), let digests = digests[kind] else { return [] }
    precondition(digests.indices.contains(parts.lowerBound) && parts.upperBound <= digests.count, "no such parts")
    let size = tensor.columns
    let bytes = file.copy(parts.lowerBound * size..<parts.upperBound * size, of: tensor)
    for part in parts {
      guard self.size(of: kind).digest(of: part, in: bytes, from: parts) == digests[part] else {
        throw .file(
          GGUFError(
            .malformed, path: path, offset: tensor.offset + part * size, .tensor(tensor.name),
            expected: "what was saved there", found: "other bytes: the file is damaged"))
      }
    }
    return bytes
  }

  private static func digests(_ file: GGUFFile) throws(GGUFError) -> [SavedState.Kind: [UInt64]] {
    let tensors = SavedState.Kind.allCases.compactMap { file.tensor(named: $0.rawValue) }
    let all = file.tensor(named: SavedStateFormat.digestsTensor)
    guard (tensors + [all].compactMap(\.self)).allSatisfy({ $0.type == .bytes && $0.dimensions.count == 2 }),
      all?.columns ?? 8 == 8, all?.rows ?? 0 == tensors.reduce(0, { $0 + $1.rows })
    else {
      throw GGUFError(
        .malformed, path: file.paths[0], .file, expected: "a digest for each part", found: "other tensors")
    }
    guard let all else { return [:] }
    let bytes = file.bytes(of: all)
    var (digests, next): ([SavedState.Kind: [UInt64]], Int) = ([:], 0)
    for kind in SavedState.Kind.allCases {
      guard let tensor = file.tensor(named: kind.rawValue) else { continue }
      digests[kind] = (next..<next + tensor.rows).map { part in
        (0..<8).reduce(0) { $0 | UInt64(bytes[8 * part + $1]) << (8 * $1) }
      }
      next += tensor.rows
    }
    return digests
  }
}

extension SavedState {
  /// Reads what a file says; throws where it is of another kind or was changed since it was written.
  fileprivate init(_ metadata: GGUFMetadata) throws(GGUFError) {
    guard try metadata.string("general.type") == SavedStateFormat.type else {
      throw metadata.error(
        "general.type", .unsupported, expected: "a saved conversation", found: "a file of another kind")
    }
    let version = try metadata.requireInt(SavedStateFormat.versionKey)
    guard version == SavedStateFormat.version else {
      throw metadata.error(
        SavedStateFormat.versionKey, .unsupported,
        expected: "version \(SavedStateFormat.version), which this Apus reads",
        found: "version \(version)")
    }
    self.init(
      architecture: try metadata.requireString("general.architecture"),
      model: try metadata.digest(SavedStateFormat.modelKey),
      kernels: try metadata.requireString(SavedStateFormat.kernelsKey), kvFormat: try Self.kvFormat(metadata),
      adapters: try Self.adapters(metadata), tokens: try Self.tokens(metadata),
      blocks: try metadata.requireInt(SavedStateFormat.blocksKey), transcript: try Self.transcript(metadata))
    let key = SavedStateFormat.digestKey
    guard try metadata.digest(key) == digest else {
      throw metadata.error(key, .malformed, expected: "the digest of what was saved", found: "a file that is damaged")
    }
    let most = tokens.count / KVCacheLayout.blockPositions
    guard (0...most).contains(blocks) else {
      throw metadata.error(
        SavedStateFormat.blocksKey, .malformed, expected: "0 to \(most) blocks", found: "\(blocks)")
    }
  }

  private static func kvFormat(_ metadata: GGUFMetadata) throws(GGUFError) -> KVFormat {
    let name = try metadata.requireString(SavedStateFormat.kvFormatKey)
    guard let format = KVFormat(rawValue: name) else {
      throw metadata.error(
        SavedStateFormat.kvFormatKey, .unsupported, expected: "a format of KV caches", found: "'\(name)'")
    }
    return format
  }

  private static func adapters(_ metadata: GGUFMetadata) throws(GGUFError) -> [Adapter] {
    try metadata.limit(SavedStateFormat.adapterNamesKey, SavedStateFormat.adapterLimit)
    try metadata.limit(SavedStateFormat.adapterDigestsKey, SavedStateFormat.adapterLimit)
    try metadata.limit(SavedStateFormat.adapterScalesKey, SavedStateFormat.adapterLimit)
    let names = try metadata.requireStrings(SavedStateFormat.adapterNamesKey)
    let digests = try metadata.requireInts(SavedStateFormat.adapterDigestsKey)
    let scales = try metadata.floats(SavedStateFormat.adapterScalesKey) ?? []
    guard names.count == digests.count, names.count == scales.count else {
      throw metadata.error(
        SavedStateFormat.adapterNamesKey, .malformed, expected: "\(digests.count) adapters", found: "\(names.count)")
    }
    return digests.indices.map { index in
      Adapter(
        name: String(decoding: names.bytes(at: index), as: UTF8.self),
        digest: UInt64(bitPattern: Int64(digests[index])), scale: scales[index])
    }
  }

  private static func tokens(_ metadata: GGUFMetadata) throws(GGUFError) -> [Token] {
    let key = SavedStateFormat.tokensKey
    try metadata.limit(key, SavedStateFormat.tokenLimit)
    guard let tokens = try metadata.int32s(key) else {
      throw metadata.error(key, .missing, expected: "this key", found: "that the file lacks it")
    }
    return tokens
  }

  private static func transcript(_ metadata: GGUFMetadata) throws(GGUFError) -> [UInt8] {
    let key = SavedStateFormat.transcriptKey
    guard case .string(let string) = metadata.value(key) else {
      throw metadata.error(key, expected: "a string", found: "none")
    }
    guard string.byteCount <= SavedStateFormat.transcriptByteLimit else {
      throw metadata.error(
        key, .unsupported, expected: "at most \(SavedStateFormat.transcriptByteLimit) bytes",
        found: "\(string.byteCount)")
    }
    return string.bytes
  }
}

extension GGUFMetadata {
  fileprivate func digest(_ key: String) throws(GGUFError) -> UInt64 {
    UInt64(bitPattern: Int64(try requireInt(key)))
  }

  /// Throws for an array of more elements, before anything is read of it.
  fileprivate func limit(_ key: String, _ most: Int) throws(GGUFError) {
    guard let count = try array(key)?.count, count > most else { return }
    throw error(key, .unsupported, expected: "at most \(most) elements", found: "\(count)")
  }
}
