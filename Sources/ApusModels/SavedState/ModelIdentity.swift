internal import ApusCore
internal import ApusGGUF

/// What tells a loaded model, and its adapters, from all others that would compute other keys and values.
package struct ModelIdentity: Sendable {
  private let file: FileDigest
  private let sample: FileSample
  private let positions: UInt64
  private let adapters: [FileDigest]

  /// Of a model that was loaded with these adapters, in the order of their numbers.
  package init(_ model: LoadedModel, adapters: [AdapterFile]) {
    file = FileDigest(model.file.files)
    sample = FileSample(model.file)
    positions = model.model.positionDigest
    self.adapters = adapters.map { FileDigest($0.files) }
  }

  /// The digest of the model's file and of how it turns positions: LongRoPE depends on the context too.
  ///
  /// Reads the whole file the first time; nil soon after `shouldStop` says so.
  package func model(shouldStop: () -> Bool) -> UInt64? {
    file.value(shouldStop: shouldStop).map { $0 &+ positions }
  }

  /// The same of a few pages of each tensor alone: enough to tell models apart where nothing can wait for all of the file.
  package var sampledModel: UInt64 { sample.value &+ positions }

  /// The digest of an adapter's file.
  package func adapter(_ number: Int, shouldStop: () -> Bool) -> UInt64? {
    adapters[number].value(shouldStop: shouldStop)
  }
}

extension LanguageModel {
  fileprivate var positionDigest: UInt64 {
    let bytes = network.ropes.flatMap { rope in
      (rope.frequencies + [rope.magnitude]).flatMap { [UInt8](littleEndian: $0.bitPattern) }
    }
    return unsafe contentDigest(of: bytes.span.bytes, at: 0)
  }
}
