package import ApusCore
package import ApusGGUF

/// A LoRA adapter of random values for a model, by default for all matrices of `TinyModel` that are projections.
package struct TinyAdapter: Sendable {
  /// A matrix that it changes.
  package struct Target: Sendable {
    package let name: String
    package let rows: Int
    package let columns: Int
  }

  package var targets: [Target]
  package var architecture = "llama"
  /// A multiple of the format's quant block for a `lora_b` in Q8_0.
  package var rank = 4
  package var alpha: Float = 8
  package var format = TensorFormat.f32
  package var seed: UInt64 = 1

  /// An adapter of the matrices with the names that `isChanged` accepts.
  package init(_ tensors: [(name: String, dimensions: [Int])], where isChanged: (String) -> Bool) {
    targets = tensors.filter { $0.dimensions.count == 2 && isChanged($0.name) }.map {
      Target(name: $0.name, rows: $0.dimensions[1], columns: $0.dimensions[0])
    }
  }

  package init(_ model: TinyModel = TinyModel()) throws {
    let tensors = try model.writer().tensors.map { ($0.name, $0.dimensions) }
    self.init(tensors) { $0 != "token_embd.weight" }
  }

  /// Metadata and tensor entries, for a test to change before it writes them.
  package func writer() throws -> GGUFWriter {
    var writer = GGUFWriter()
    writer.set("general.architecture", architecture)
    writer.set("general.type", "adapter")
    writer.set("adapter.type", "lora")
    writer.set("adapter.lora.alpha", alpha)
    for target in targets {
      try writer.addTensor(target.name + ".lora_a", dimensions: [target.columns, rank], format: format)
      try writer.addTensor(target.name + ".lora_b", dimensions: [rank, target.rows], format: format)
    }
    return writer
  }

  /// Writes the file; `change` may change a tensor's data.
  package func write(
    _ writer: GGUFWriter? = nil, to path: String, change: (String, inout [UInt8]) -> Void = { _, _ in }
  ) throws {
    let writer = try writer ?? self.writer()
    try writer.write(to: path) { index, emit in
      let tensor = writer.tensors[index]
      var bytes = data(of: tensor.name, byteCount: tensor.byteCount)
      change(tensor.name, &bytes)
      try emit(bytes.span)
    }
  }

  /// What it adds to the weights of a matrix with scale 1, row by row.
  package func delta(of target: Target) -> [Float] {
    let (a, b) = (
      values(target.name + ".lora_a", target.columns * rank), values(target.name + ".lora_b", target.rows * rank)
    )
    var delta = [Float](repeating: 0, count: target.rows * target.columns)
    for row in 0..<target.rows {
      for column in 0..<target.columns {
        let sum = (0..<rank).reduce(0.0) { $0 + Double(b[row * rank + $1]) * Double(a[$1 * target.columns + column]) }
        delta[row * target.columns + column] = Float(sum * Double(alpha) / Double(rank))
      }
    }
    return delta
  }

  private func values(_ name: String, _ count: Int) -> [Float] {
    let bytes = data(of: name, byteCount: count / format.blockElements * format.blockByteCount)
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    format.decode(unsafe bytes.span.bytes, into: &span)
    return values
  }

  /// Each tensor has its own chance, by its name.
  private func data(of name: String, byteCount: Int) -> [UInt8] {
    let number = name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    var generator = SeededGenerator(seed: number)
    let bytes = RandomTensor.bytes(
      format, elements: byteCount / format.blockByteCount * format.blockElements, using: &generator)
    return Array(bytes.prefix(byteCount))
  }
}
