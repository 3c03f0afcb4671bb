extension ModelShape {
  /// Gemma 4, its text part: small models with inputs for each layer, and large ones whose full layers have no values.
  static let gemma4: [ModelShape] = [
    gemma4Small("e2b", 35, 1536, kvHeads: 1, period: 5, shared: 20) { $0 < 15 ? 6144 : 12_288 },
    gemma4Small("e4b", 42, 2560, kvHeads: 2, period: 6, shared: 18) { _ in 10_240 },
    gemma4Large("12b", 48, 3840, 15_360, heads: 16, kvHeads: 8, fullKVHeads: 1),
    gemma4Large("26b-a4b", 30, 2816, 2112, heads: 16, kvHeads: 8, fullKVHeads: 2).with(
      routed(128, used: 8, size: 704),
      tensors: ["ffn_gate_up_exps.weight", "ffn_gate_inp.scale", "ffn_down_exps.scale"]),
    gemma4Large("31b", 60, 5376, 21_504, heads: 32, kvHeads: 16, fullKVHeads: 4),
  ]

  /// Without the keys and values that published files have in layers that read those of others.
  private static func gemma4Small(
    _ size: String, _ layers: Int, _ hidden: Int, kvHeads: Int, period: Int, shared: Int,
    feedForward: @escaping @Sendable (Int) -> Int
  ) -> ModelShape {
    gemma4(size, layers, hidden, heads: 8, contextLength: 131_072, period: period, window: 512).with(
      [
        ("feed_forward_length", .perLayer(feedForward)), ("attention.head_count_kv", .integer(kvHeads)),
        ("attention.shared_kv_layers", .integer(shared)), ("embedding_length_per_layer_input", .integer(256)),
      ],
      tensors: ["attn_v.weight"])
  }

  private static func gemma4Large(
    _ size: String, _ layers: Int, _ hidden: Int, _ feedForward: Int, heads: Int, kvHeads: Int, fullKVHeads: Int
  ) -> ModelShape {
    let windowed = (0..<layers).filter { $0 % 6 != 5 }
    return gemma4(size, layers, hidden, heads: heads, contextLength: 262_144, period: 6, window: 1024).with(
      [
        ("feed_forward_length", .integer(feedForward)),
        ("attention.head_count_kv", .perLayer { $0 % 6 != 5 ? kvHeads : fullKVHeads }),
      ],
      tensors: Set(windowed.map { "blk.\($0).attn_v.weight" }))
  }

  /// What all have, one full layer behind `period - 1` with a window.
  private static func gemma4(
    _ size: String, _ layers: Int, _ hidden: Int, heads: Int, contextLength: Int, period: Int, window: Int
  ) -> ModelShape {
    ModelShape(
      "gemma4-" + size, "gemma4", layers: layers, hiddenSize: hidden, feedForwardSize: 0, heads: heads, kvHeads: heads,
      vocabularySize: 262_144, contextLength: contextLength, isTied: true
    ).with(
      rms(1e-6, ropeBase: 1_000_000) + headSize(512) + [
        ("attention.key_length_swa", .integer(256)), ("attention.value_length_swa", .integer(256)),
        ("attention.sliding_window", .integer(window)),
        ("attention.sliding_window_pattern", .flagPerLayer { $0 % period != period - 1 }),
      ],
      tensors: ["layer_output_scale.weight"])
  }
}
