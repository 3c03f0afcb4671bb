package import ApusCore

extension CPUBackend {
  package func _copyBlock(
    _ kind: KVBlockKind, from source: Int32, to target: Int32, positions: Int, in cache: KVCache
  ) {
    let (layers, chosen) = (cache.cpu, cache.layout.layers.indices.filter { cache.layout.layers[$0].kind == kind })
    // How positions lie in a block depends on the format; whole blocks are as quick as parts would be.
    pool.run(tiles: chosen.count) { tile, _ in
      let layer = layers[chosen[tile]]
      unsafe Self.copy(layer.keys, from: source, to: target, blockByteCount: layer.keyBlockByteCount)
      unsafe Self.copy(layer.values, from: source, to: target, blockByteCount: layer.valueBlockByteCount)
    }
  }

  private static func copy(
    _ blocks: UnsafeMutableRawPointer, from source: Int32, to target: Int32, blockByteCount: Int
  ) {
    unsafe (blocks + Int(target) * blockByteCount).copyMemory(
      from: blocks + Int(source) * blockByteCount, byteCount: blockByteCount)
  }
}

// Parts as they are taken out: layer after layer the keys of a block and then its values; all states of a slot.
extension CPUBackend {
  package func _byteCount(of part: KVCachePart, in cache: KVCache) -> Int {
    unsafe cache.cpu.pieces(of: part).reduce(0) { $0 + $1.count }
  }

  package func _read(_ part: KVCachePart, of cache: KVCache, into bytes: inout MutableSpan<UInt8>) {
    let pieces = unsafe cache.cpu.pieces(of: part)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      var rest = unsafe bytes[...]
      for index in unsafe pieces.indices {
        let count = unsafe pieces[index].count
        unsafe UnsafeMutableRawBufferPointer(rebasing: rest.prefix(count)).copyMemory(
          from: UnsafeRawBufferPointer(pieces[index]))
        unsafe rest = rest.dropFirst(count)
      }
    }
  }

  package func _write(_ bytes: Span<UInt8>, to part: KVCachePart, of cache: KVCache) {
    let pieces = unsafe cache.cpu.pieces(of: part)
    unsafe bytes.withUnsafeBytes { bytes in
      var rest = unsafe bytes[...]
      for index in unsafe pieces.indices {
        let count = unsafe pieces[index].count
        unsafe pieces[index].copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
        unsafe rest = rest.dropFirst(count)
      }
    }
  }
}
