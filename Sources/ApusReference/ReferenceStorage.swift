internal import ApusCore

/// Activations, row after row.
final class ReferenceValues {
  var values: [Float]

  init(count: Int) { values = [Float](repeating: 0, count: count) }
}

/// A weight where the file has it, and the digests of what was verified and used of it.
final class ReferenceWeight {
  let source: WeightSource
  /// Digest of each matrix, or of each row of a table, that was verified; by its first byte in the file.
  var digests: [Range<Int>: UInt64] = [:]

  init(_ source: WeightSource) { self.source = source }

  /// The values of one row of a matrix of the stack.
  func row(_ row: Int, of matrix: Int = 0) -> [Float] {
    let file = source.file
    let start = source.byteOffset + matrix * source.matrixStride + row * source.rowByteCount
    var values = [Float](repeating: 0, count: source.columns)
    var span = values.mutableSpan
    source.format.decode(file.bytes.extracting(start..<start + source.rowByteCount), into: &span)
    return values
  }

  /// One matrix of the stack as a weight of its own.
  func matrix(_ index: Int) -> WeightSource {
    var matrix = WeightSource(
      name: source.name, file: source.file, byteOffset: source.byteOffset + index * source.matrixStride,
      format: source.format, rows: source.rows, columns: source.columns)
    matrix.role = source.role
    return matrix
  }
}

/// Keys and values of all layers: of each KV block the values that the cache's format can hold; and state slots.
final class ReferenceCache {
  /// One layer of one KV block: `[position][kv head][value]`.
  struct Block {
    var keys: [Float]
    var values: [Float]
  }

  let layout: KVCacheLayout
  /// The KV blocks that were written to, by layer and number.
  private var blocks: [[Int32: Block]]
  /// The states that were written, by number and slot.
  private var states: [[Int32: [Float]]]

  init(_ layout: KVCacheLayout) {
    self.layout = layout
    blocks = Array(repeating: [:], count: layout.layers.count)
    states = Array(repeating: [:], count: layout.states.count)
  }

  /// One state in a slot; NaN where nothing was written, zeros without a slot.
  subscript(state state: Int, slot: Int32?) -> [Float] {
    get {
      guard let slot else { return Array(repeating: 0, count: layout.states[state]) }
      return states[state][slot] ?? Array(repeating: .nan, count: layout.states[state])
    }
    set { if let slot { states[state][slot] = newValue } }
  }

  /// A KV block; NaN where nothing was stored, so that nobody reads it unseen.
  subscript(layer: Int, block: Int32) -> Block {
    get {
      if let block = blocks[layer][block] { return block }
      let layout = layout.layers[layer]
      let positions = KVCacheLayout.blockPositions * layout.kvHeads
      return Block(
        keys: Array(repeating: .nan, count: positions * layout.keyDimension),
        values: Array(repeating: .nan, count: layout.valuesAreKeys ? 0 : positions * layout.valueDimension))
    }
    set { blocks[layer][block] = newValue }
  }

  /// All values of a part, layer after layer or state after state.
  subscript(part: KVCachePart) -> [Float] {
    get {
      switch part {
      case .block(let kind, let block):
        layout.layers.indices.filter { layout.layers[$0].kind == kind }.flatMap { layer in
          self[layer, block].keys + self[layer, block].values
        }
      case .slot(let slot): layout.states.indices.flatMap { self[state: $0, slot] }
      }
    }
    set {
      var rest = newValue[...]
      func take(_ count: Int) -> [Float] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      switch part {
      case .block(let kind, let block):
        for layer in layout.layers.indices where layout.layers[layer].kind == kind {
          let old = self[layer, block]
          self[layer, block] = Block(keys: take(old.keys.count), values: take(old.values.count))
        }
      case .slot(let slot):
        for state in layout.states.indices { self[state: state, slot] = take(layout.states[state]) }
      }
    }
  }
}

/// The experts of each row, in the order of their choice, and their weights.
final class ReferenceRouting {
  var choices: [[(expert: Int, weight: Float)]] = []
}

// The checked front lets a backend see only what it made itself.
extension Buffer {
  var reference: ReferenceValues {
    guard let values = storage as? ReferenceValues else { preconditionFailure("a buffer of another backend") }
    return values
  }

  /// The values of one row.
  func values(of row: Int) -> ArraySlice<Float> { reference.values[row * columns..<(row + 1) * columns] }

  /// Replaces the values of one row from `column` on.
  func replace(row: Int, from column: Int = 0, by values: some Collection<Float>) {
    let start = row * columns + column
    reference.values.replaceSubrange(start..<start + values.count, with: values)
  }
}

extension Weight {
  var reference: ReferenceWeight {
    guard let weight = storage as? ReferenceWeight else { preconditionFailure("a weight of another backend") }
    return weight
  }
}

extension KVCache {
  var reference: ReferenceCache {
    guard let cache = storage as? ReferenceCache else { preconditionFailure("a KV cache of another backend") }
    return cache
  }
}

extension Routing {
  var reference: ReferenceRouting {
    guard let routing = storage as? ReferenceRouting else { preconditionFailure("a routing of another backend") }
    return routing
  }
}
