package import ApusCore

/// What a file of saved keys, values and states says of them.
package struct SavedState: Sendable, Equatable {
  /// An adapter that they were computed with.
  package struct Adapter: Sendable, Equatable {
    package let name: String
    /// `ModelIdentity.adapter`.
    package let digest: UInt64
    package let scale: Float

    package init(name: String, digest: UInt64, scale: Float) {
      (self.name, self.digest, self.scale) = (name, digest, scale)
    }
  }

  /// A kind of saved parts of a KV cache.
  package enum Kind: String, Sendable, CaseIterable {
    /// KV blocks of full layers, from the first on.
    case full
    /// KV blocks of windowed layers, up to the last one.
    case windowed
    /// The states of recurrent layers behind the last block.
    case states
  }

  /// How many parts of a kind there are, and the bytes of each.
  package struct Size: Sendable, Equatable {
    package let count: Int
    package let byteCount: Int

    package init(count: Int, byteCount: Int) { (self.count, self.byteCount) = (count, byteCount) }

    package var isEmpty: Bool { count == 0 || byteCount == 0 }

    /// The parts in runs of about a megabyte.
    package var pieces: [Range<Int>] {
      let step = max(1, Self.pieceByteCount / max(1, byteCount))
      return stride(from: 0, to: count, by: step).map { $0..<min(count, $0 + step) }
    }

    private static let pieceByteCount = 1 << 20

    /// The digest of one part, `bytes` being those of all of `range`.
    func digest(of part: Int, in bytes: [UInt8], from range: Range<Int>) -> UInt64 {
      let start = (part - range.lowerBound) * byteCount
      return unsafe contentDigest(of: bytes.span.extracting(start..<start + byteCount).bytes, at: part)
    }
  }

  /// The model's architecture, for people.
  package var architecture: String
  /// `ModelIdentity.model`.
  package var model: UInt64
  /// The level of kernels that computed them, which also decides how they lie in their blocks.
  package var kernels: String
  package var kvFormat: KVFormat
  package var adapters: [Adapter]
  /// The text, of which all or a beginning is saved.
  package var tokens: [Token]
  /// KV blocks of the text that are saved.
  package var blocks: Int
  /// What was said, in the words of whoever saved it; empty for none.
  package var transcript: [UInt8]

  package init(
    architecture: String, model: UInt64, kernels: String, kvFormat: KVFormat, adapters: [Adapter], tokens: [Token],
    blocks: Int = 0, transcript: [UInt8] = []
  ) {
    (self.architecture, self.model, self.kernels, self.kvFormat) = (architecture, model, kernels, kvFormat)
    (self.adapters, self.tokens, self.blocks, self.transcript) = (adapters, tokens, blocks, transcript)
  }

  /// A digest of all of this.
  var digest: UInt64 {
    var bytes: [UInt8] = []
    func add(_ field: [UInt8]) { bytes += [UInt8](littleEndian: field.count) + field }
    add(Array(architecture.utf8))
    add([UInt8](littleEndian: model))
    add(Array(kernels.utf8))
    add(Array(kvFormat.rawValue.utf8))
    for adapter in adapters {
      add(Array(adapter.name.utf8))
      add([UInt8](littleEndian: adapter.digest) + [UInt8](littleEndian: adapter.scale.bitPattern))
    }
    add(tokens.flatMap { [UInt8](littleEndian: $0) })
    add([UInt8](littleEndian: blocks))
    add(transcript)
    return unsafe contentDigest(of: bytes.span.bytes, at: 0)
  }
}

/// Keys and limits of files with saved states: GGUF, the parts of each kind a tensor of bytes.
enum SavedStateFormat {
  static let type = "apus.state"
  static let version = 1

  static let versionKey = "apus.state.version"
  static let digestKey = "apus.state.digest"
  static let modelKey = "apus.state.model"
  static let kernelsKey = "apus.state.kernels"
  static let kvFormatKey = "apus.state.kv_format"
  static let adapterNamesKey = "apus.state.adapters"
  static let adapterDigestsKey = "apus.state.adapter_digests"
  static let adapterScalesKey = "apus.state.adapter_scales"
  static let tokensKey = "apus.state.tokens"
  static let blocksKey = "apus.state.blocks"
  static let transcriptKey = "apus.state.transcript"
  /// The digest of each part, in the order of the kinds and of the parts of each; behind all parts.
  static let digestsTensor = "digests"

  /// Tokens of a text, which no context reaches.
  static let tokenLimit = 1 << 24
  static let transcriptByteLimit = 64 << 20
  static let adapterLimit = 1024
}
