internal import ApusCore
internal import ApusModels

/// Writes what an engine keeps of a text to a file, on a thread that may block.
///
/// Nothing is held in between: a block's bits follow from the tokens before it, so it does not matter which one is read.
struct StateSaver: Sendable {
  let engine: Engine
  let state: SavedState
  let root: BlockTree.Root
  let path: String

  /// How many tokens' keys and values are in the file.
  func run(isStopped: @Sendable () -> Bool = { false }) throws(ApusError) -> Int {
    let (tokens, root) = (state.tokens, root)
    // Where much is going on, the blocks may give way while they are written.
    for _ in 0..<2 {
      let blocks = engine.inbox.visitBlocking { $0.scheduler.keptBlocks(of: tokens, root) } ?? 0
      if try write(blocks, isStopped) { return blocks * KVCacheLayout.blockPositions }
    }
    _ = try write(0, isStopped)
    return 0
  }

  /// Writes the file with so many blocks; false where they were not there to the end.
  private func write(_ blocks: Int, _ isStopped: () -> Bool) throws(ApusError) -> Bool {
    var state = state
    state.blocks = blocks
    let saved = SavedText(state.tokens, root, blocks: blocks, in: engine)
    do {
      try state.write(to: path, saved.sizes) { kind, parts in
        if isStopped() { throw ApusError.stopped }
        guard let bytes = engine.inbox.visitBlocking({ $0.read(parts, kind, of: saved) }) ?? nil else { throw Gone() }
        return bytes
      }
      return true
    } catch is Gone {
      return false
    } catch let error as ApusError {
      throw error
    } catch {
      throw .cannotSave(path: path, reason: "\(error)")
    }
  }

  /// What was to be written has given way to others.
  private struct Gone: Error {}
}
