internal import ApusCore

/// Which KV blocks hold a sequence, a block for every `KVCacheLayout.blockPositions` tokens.
package struct KVBlockTable: Sendable, Equatable {
  /// Those of full layers.
  ///
  /// They are counted where no layer is full too: then they take no bytes.
  package var full: [Int32]
  /// Those of windowed layers, with `AttentionBatch.givenUp` in the place of those before the window; empty without such
  /// layers.
  package var windowed: [Int32]

  package init(full: [Int32] = [], windowed: [Int32] = []) { (self.full, self.windowed) = (full, windowed) }
}
