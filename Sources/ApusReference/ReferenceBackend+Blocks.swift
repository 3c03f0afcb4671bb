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

// Parts as they are taken out: the values as floats, whatever the cache's format.
extension ReferenceBackend {
  package func _byteCount(of part: KVCachePart, in cache: KVCache) -> Int {
    cache.reference[part].count * MemoryLayout<Float>.size
  }

  package func _read(_ part: KVCachePart, of cache: KVCache, into bytes: inout MutableSpan<UInt8>) {
    for (index, value) in cache.reference[part].enumerated() {
      for byte in 0..<4 { bytes[4 * index + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * byte)) }
    }
  }

  package func _write(_ bytes: Span<UInt8>, to part: KVCachePart, of cache: KVCache) {
    cache.reference[part] = (0..<bytes.count / 4).map { index in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << (8 * $1) })
    }
  }
}
