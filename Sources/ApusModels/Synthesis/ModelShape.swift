/// The numbers that a published model consists of, without its weights.
package struct ModelShape: Sendable {
  /// The name that a person gives, for example `llama2-7b`.
  package var name: String
  package var architecture: String
  package var layers: Int
  package var hiddenSize: Int
  package var vocabularySize: Int
  package var contextLength: Int
  /// The architecture's other keys, without its name before them.
  var keys: [(name: String, value: Value)] = []
  /// Tensors that files of the architecture may lack and this model has; those of all layers without `blk.N.`.
  var optionalTensors: Set<String> = ["output.weight"]
  /// Rows of those of them whose rows no key states.
  var optionalRows: [String: Int] = [:]

  /// The value of a key.
  package enum Value: Sendable {
    case integer(Int)
    case number(Float)
    case flag(Bool)
    case text(String)
    /// An entry for each layer.
    case perLayer(@Sendable (_ layer: Int) -> Int)
    case flagPerLayer(@Sendable (_ layer: Int) -> Bool)
  }

  /// A shape with the keys that nearly all architectures have.
  package init(
    _ name: String, _ architecture: String = "llama", layers: Int, hiddenSize: Int, feedForwardSize: Int, heads: Int,
    kvHeads: Int, vocabularySize: Int, contextLength: Int, isTied: Bool = false
  ) {
    self.name = name
    self.architecture = architecture
    self.layers = layers
    self.hiddenSize = hiddenSize
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    keys = [
      ("feed_forward_length", .integer(feedForwardSize)), ("attention.head_count", .integer(heads)),
      ("attention.head_count_kv", .integer(kvHeads)),
    ]
    if isTied { optionalTensors = [] }
  }

  /// The shape with further keys and tensors; a key that is there already gets the new value.
  package func with(
    _ keys: [(String, Value)], tensors: Set<String> = [], rows: [String: Int] = [:]
  ) -> ModelShape {
    var shape = self
    shape.keys.removeAll { old in keys.contains { $0.0 == old.name } }
    shape.keys += keys.map { (name: $0.0, value: $0.1) }
    shape.optionalTensors.formUnion(tensors.union(rows.keys))
    shape.optionalRows.merge(rows) { $1 }
    return shape
  }

  /// The shape with that name, in whatever case.
  package init?(named name: String) {
    guard let shape = Self.all.first(where: { $0.name == name.lowercased() }) else { return nil }
    self = shape
  }

  /// The shapes that there are, from the `config.json` that each model was published with.
  package static let all = llama + qwen + gemma + gemma3n + gemma4 + lfm2 + others + experts + encoders
}

extension ModelShape: TensorCatalog {
  func contains(_ name: String) -> Bool {
    optionalTensors.contains(name) || optionalTensors.contains(ModelShape.withoutLayer(name))
  }

  func rows(of name: String) -> Int? { optionalRows[name] }

  /// A tensor's name without `blk.N.`.
  static func withoutLayer(_ name: String) -> String {
    let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0] == "blk" ? String(parts[2]) : name
  }

  /// The layer of a tensor of that name; nil for one of none.
  static func layer(of name: String) -> Int? {
    let parts = name.split(separator: ".")
    return parts.first == "blk" && parts.count > 2 ? Int(parts[1]) : nil
  }
}
