package import ApusCore

extension ReferenceBackend {
  package func _copyBlock(
    _ kind: KVBlockKind, from source: Int32, to target: Int32, positions: Int, in cache: KVCache
  ) {
    for (index, layout) in cache.layout.layers.enumerated() where layout.kind == kind {
      let original = cache.reference[index, source]
      var copy = cache.reference[index, target]
      let keys = positions * layout.kvHeads * layout.keyDimension
      copy.keys.replaceSubrange(0..<keys, with: original.keys[..<keys])
      if !layout.valuesAreKeys {
        let values = positions * layout.kvHeads * layout.valueDimension
        copy.values.replaceSubrange(0..<values, with: original.values[..<values])
      }
      cache.reference[index, target] = copy
    }
  }
}
