internal import ApusCore
internal import ApusGGUF

/// LFM2 (arXiv:2511.23404), dense or with experts: gated short convolutions in layers that have no keys and values.
enum LFM2: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.headNorm = .perHead
    style.allowsOtherMixers = true
    style.experts = ExpertStyle(scoring: .sigmoid)
    let blocks = try BlockReader(reader, style)
    let taps = try reader.keys.integer("shortconv.l_cache", 1...1 << 10)
    var plan = try blocks.plan()
    // Files have the last norm under this name.
    plan.output.norm = reader.norm("token_embd_norm", blocks.norm, columns: reader.hiddenSize)
    plan.cacheLayers = []
    var states = 0
    for layer in plan.layers.indices {
      if blocks.shapes[layer].kvHeads > 0 {
        var attention = blocks.attention(layer)
        attention.cacheLayer = plan.cacheLayers.count
        plan.cacheLayers.append(attention.layout)
        plan.layers[layer].mixer = .attention(attention)
      } else {
        plan.layers[layer].mixer = .convolution(reader.convolution(layer, taps: taps, state: states))
        states += 1
      }
    }
    return plan
  }
}

extension PlanReader {
  /// The convolution of one layer; its gates and its input are parts of one tensor.
  fileprivate func convolution(_ layer: Int, taps: Int, state: Int) -> ConvolutionPlan {
    let (prefix, hidden) = ("blk.\(layer).shortconv.", hiddenSize)
    let fused = projection(prefix + "in_proj", rows: 3 * hidden, columns: hidden)
    return ConvolutionPlan(
      inputGate: fused.slice(0..<hidden), outputGate: fused.slice(hidden..<2 * hidden),
      input: fused.slice(2 * hidden..<3 * hidden),
      taps: TensorPlan(prefix + "conv.weight", rows: hidden, columns: taps),
      bias: optionalBias(prefix + "conv", count: hidden), state: state,
      output: projection(prefix + "out_proj", rows: hidden, columns: hidden))
  }
}
