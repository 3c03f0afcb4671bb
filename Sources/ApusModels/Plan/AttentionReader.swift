internal import ApusCore

extension PlanReader {
  /// Attention of the layer with this prefix: its projections and heads, and nothing else.
  ///
  /// Queries, keys and values are three tensors, or parts of one.
  func attention(_ prefix: String, _ shape: HeadShape, cacheLayer: Int, scale: Float) -> AttentionPlan {
    let (q, k, v) = (shape.queryColumns, shape.keyColumns, shape.valueColumns)
    func part(_ name: String, rows: Int) -> ProjectionPlan {
      projection(prefix + name, rows: rows, columns: hiddenSize)
    }
    let fused = tensors.contains(prefix + "attn_qkv.weight") ? part("attn_qkv", rows: q + k + v) : nil
    return AttentionPlan(
      heads: shape.heads, query: fused?.slice(0..<q) ?? part("attn_q", rows: q),
      key: fused?.slice(q..<q + k) ?? part("attn_k", rows: k),
      value: fused?.slice(q + k..<q + k + v) ?? part("attn_v", rows: v), layout: shape.layout, cacheLayer: cacheLayer,
      scale: scale,
      output: projection(prefix + "attn_output", rows: hiddenSize, columns: shape.heads * shape.valueDimension))
  }

  /// The norm of each of `heads` heads by one gain of `columns` values.
  func headNorm(_ name: String, _ norm: NormParameters, heads: Int, columns: Int) -> NormPlan {
    self.norm(name, norm.grouped(by: heads), columns: columns)
  }
}

extension NormParameters {
  /// The norm of each of `groups` parts of a row by itself.
  func grouped(by groups: Int) -> NormParameters {
    var parameters = self
    parameters.groups = groups
    return parameters
  }
}
