internal import ApusCore
package import ApusModels

/// Puts the keys, values and states of a file into an engine's cache, on a thread that may block.
///
/// They belong to nobody: a sequence that begins with their text finds them, as it finds what another one has left.
package struct StateRestorer: Sendable {
  let engine: Engine
  let file: SavedStateFile
  let root: BlockTree.Root

  package init(engine: Engine, file: SavedStateFile, root: BlockTree.Root) {
    (self.engine, self.file, self.root) = (engine, file, root)
  }

  /// How many tokens need not be computed then: fewer than the file has where there is no room for them.
  package func run(isStopped: () -> Bool = { false }) throws(ApusError) -> Int {
    let saved = SavedText(file.state.tokens, root, blocks: file.state.blocks, in: engine)
    try check(saved)
    if keptBlocks(of: saved) == saved.blocks { return saved.blocks * KVCacheLayout.blockPositions }
    let byteCount = SavedState.Kind.allCases.reduce(0) { $0 + (saved.sizes[$1]?.byteCount ?? 0) }
    for blocks in SavedState.Size(count: saved.blocks, byteCount: byteCount).pieces {
      if isStopped() { throw .stopped }
      let bytes = try read(blocks, of: saved)
      guard engine.inbox.visitBlocking({ $0.restore(blocks, of: saved, bytes) }) == true else { break }
    }
    return keptBlocks(of: saved) * KVCacheLayout.blockPositions
  }

  private func keptBlocks(of saved: SavedText) -> Int {
    engine.inbox.visitBlocking { lane in
      lane.scheduler.keptBlocks(of: Array(saved.text(blocks: saved.blocks)), saved.root)
    } ?? 0
  }

  /// Throws where the file's parts are not those that this engine would have saved.
  private func check(_ saved: SavedText) throws(ApusError) {
    for kind in SavedState.Kind.allCases {
      let found = file.size(of: kind)
      guard let size = saved.sizes[kind], size == found || size.isEmpty && found.isEmpty else {
        throw .cannotRestore(
          path: file.path, reason: "\(file.path): its keys and values are laid out otherwise than here")
      }
    }
  }

  private func read(_ blocks: Range<Int>, of saved: SavedText) throws(ApusError) -> [SavedState.Kind: [UInt8]] {
    var bytes: [SavedState.Kind: [UInt8]] = [:]
    do throws(ModelError) {
      for kind in SavedState.Kind.allCases { bytes[kind] = try file.bytes(of: kind, saved.parts(kind, of: blocks)) }
    } catch {
      throw .cannotRestore(path: file.path, reason: error.description)
    }
    return bytes
  }
}
