package import ApusCore

extension CPUBackend {
  package func _copyBlock(from source: Int32, to target: Int32, positions: Int, in cache: KVCache) {
    let layers = cache.cpu
    // How positions lie in a block depends on the format; whole blocks are as quick as parts would be.
    pool.run(tiles: cache.layout.layers.count) { layer, _ in
      let layer = layers[layer]
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
