internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Testing

@Suite struct `Qwen2` {
  /// Values of a head of the tiny model.
  private let dimension = 16
  private let biases = [("q", 64), ("k", 32), ("v", 32)]
  private let tokens = (0..<40).map { Token(($0 * 37) % 256 + 3) }

  /// Where value `i` of a head stands in Llama's order, whose pairs are neighbours, if Qwen2 has it at `i`.
  private func llamaRow(_ row: Int) -> Int {
    let (head, i) = (row / dimension, row % dimension)
    return head * dimension + (i < dimension / 2 ? 2 * i : 2 * (i - dimension / 2) + 1)
  }

  /// The rows of q or k in Llama's order.
  private func reordered(_ bytes: [UInt8]) -> [UInt8] {
    let rowBytes = bytes.count % (64 * 4) == 0 && bytes.count > 64 * 4 ? 64 * 4 : 4
    var result = bytes
    for row in 0..<bytes.count / rowBytes {
      let target = llamaRow(row) * rowBytes
      result.replaceSubrange(target..<target + rowBytes, with: bytes[row * rowBytes..<(row + 1) * rowBytes])
    }
    return result
  }

  private func addBiases(_ writer: inout GGUFWriter) throws {
    for layer in 0..<2 {
      for (name, count) in biases {
        try writer.addTensor("blk.\(layer).attn_\(name).bias", dimensions: [count], format: .f32)
      }
    }
  }

  private func setKeys(_ writer: inout GGUFWriter) {
    writer.set("general.architecture", "qwen2")
    writer.set("qwen2.context_length", UInt32(256))
    writer.set("qwen2.embedding_length", UInt32(64))
    writer.set("qwen2.block_count", UInt32(2))
    writer.set("qwen2.feed_forward_length", UInt32(128))
    writer.set("qwen2.attention.head_count", UInt32(4))
    writer.set("qwen2.attention.head_count_kv", UInt32(2))
    writer.set("qwen2.attention.layer_norm_rms_epsilon", Float(1e-5))
  }

  /// The data of the biases: something for each.
  private func fillBias(_ name: String, _ bytes: inout [UInt8]) {
    guard name.hasSuffix(".bias") else { return }
    var generator = SeededGenerator(seed: UInt64(bytes.count) + (name.contains("q") ? 1 : 0))
    bytes = RandomTensor.bytes(.f32, elements: bytes.count / 4, using: &generator)
  }

  @Test func `is Llama with halves of a head as pairs, and with biases`() throws {
    let folder = try TemporaryFolder()
    let (qwen, llama, plain) = (folder.path("qwen.gguf"), folder.path("llama.gguf"), folder.path("plain.gguf"))
    try TinyFile(
      change: {
        setKeys(&$0)
        try addBiases(&$0)
      }, data: fillBias
    ).write(to: qwen)
    try TinyFile(
      change: addBiases,
      data: { name, bytes in
        fillBias(name, &bytes)
        if name.contains("attn_q") || name.contains("attn_k") { bytes = reordered(bytes) }
      }
    ).write(to: llama)
    try TinyFile(change: setKeys).write(to: plain)

    let expected = try ModelRunner(path: llama, makeBackend(), positions: 64).logits(tokens)
    let found = try ModelRunner(path: qwen, makeBackend(), positions: 64).logits(tokens)
    let size = found.count / tokens.count
    var comparison = LogitComparison()
    for start in stride(from: 0, to: found.count, by: size) {
      comparison.add(found[start..<start + size], reference: expected[start..<start + size])
    }
    // The order of the sums in q·k differs, nothing else.
    #expect(comparison.maximum < 1e-9)
    let withoutBiases = try ModelRunner(path: plain, makeBackend(), positions: 64).logits(tokens)
    #expect(!withoutBiases.elementsEqual(found))
  }
}
