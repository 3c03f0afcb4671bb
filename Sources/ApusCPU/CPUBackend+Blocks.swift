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
