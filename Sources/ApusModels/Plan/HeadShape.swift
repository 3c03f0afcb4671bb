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
  /// What the count of heads and the sizes of a head may be.
  static let headRange = 1...1 << 16

  /// For each layer of the file its heads, and those with keys and values of their own: all, where no key says it.
  ///
  /// With `allowsNone` a layer may have no keys and values: it has a mixer of another kind.
  func headCounts(allowsNone: Bool = false) throws(GGUFError) -> [(all: Int, kv: Int)] {
    let heads = try keys.integers("attention.head_count", Self.headRange, layers: fileLayers)
    let range = (allowsNone ? 0 : Self.headRange.lowerBound)...Self.headRange.upperBound
    let kvHeads =
      keys.contains("attention.head_count_kv")
      ? try keys.integers("attention.head_count_kv", range, layers: fileLayers) : heads
    for (heads, kvHeads) in zip(heads, kvHeads) where kvHeads > 0 && !heads.isMultiple(of: kvHeads) {
      throw keys.error(
        "attention.head_count_kv", expected: "a divisor of the \(heads) heads", found: "\(kvHeads)")
    }
    return Array(zip(heads, kvHeads))
  }

  /// The heads of each layer, which share the hidden size evenly where no key has their size.
  func headShapes(allowsNone: Bool = false) throws(GGUFError) -> [HeadShape] {
    let counts = try headCounts(allowsNone: allowsNone)
    let heads = counts[0].all
    if !keys.contains("attention.key_length"), counts.contains(where: { $0.all != heads }) {
      throw keys.error(
        "attention.head_count", expected: "one value for all layers, as attention.key_length is missing",
        found: "several")
    }
    let even = hiddenSize.isMultiple(of: heads) ? hiddenSize / heads : nil
    let key = try keys.integer("attention.key_length", Self.headRange, default: even)
    let value = try keys.integer("attention.value_length", Self.headRange, default: even)
    return counts.prefix(layers).map {
      HeadShape(heads: $0.all, kvHeads: $0.kv, keyDimension: key, valueDimension: value)
    }
  }
}
