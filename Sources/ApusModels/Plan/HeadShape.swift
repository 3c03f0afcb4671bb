internal import ApusCore
internal import ApusGGUF

/// The heads of one layer's attention, checked against each other.
struct HeadShape: Equatable {
  var heads: Int
  var kvHeads: Int
  var keyDimension: Int
  var valueDimension: Int

  var layout: KVLayerLayout {
    KVLayerLayout(kvHeads: kvHeads, keyDimension: keyDimension, valueDimension: valueDimension)
  }
  var queryColumns: Int { heads * keyDimension }
  var keyColumns: Int { kvHeads * keyDimension }
  var valueColumns: Int { kvHeads * valueDimension }
}

extension PlanReader {
  /// The heads of each layer.
  ///
  /// Defaults are those of the GGUF specification: without `head_count_kv` all heads have keys and values of their own,
  /// and without lengths they share the hidden size evenly.
  func headShapes() throws(GGUFError) -> [HeadShape] {
    let range = 1...1 << 16
    let heads = try keys.integers("attention.head_count", range, layers: fileLayers)
    let kvHeads =
      keys.contains("attention.head_count_kv")
      ? try keys.integers("attention.head_count_kv", range, layers: fileLayers) : heads
    if !keys.contains("attention.key_length"), heads.contains(where: { $0 != heads[0] }) {
      throw keys.error(
        "attention.head_count", expected: "one value for all layers, as attention.key_length is missing",
        found: "several")
    }
    for (heads, kvHeads) in zip(heads, kvHeads) where !heads.isMultiple(of: kvHeads) {
      throw keys.error(
        "attention.head_count_kv", expected: "a divisor of the \(heads) heads", found: "\(kvHeads)")
    }
    let even = hiddenSize.isMultiple(of: heads[0]) ? hiddenSize / heads[0] : nil
    let key = try keys.integer("attention.key_length", range, default: even)
    let value = try keys.integer("attention.value_length", range, default: even)
    return (0..<layers).map {
      HeadShape(heads: heads[$0], kvHeads: kvHeads[$0], keyDimension: key, valueDimension: value)
    }
  }
}
