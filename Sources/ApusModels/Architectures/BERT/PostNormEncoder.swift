internal import ApusCore
internal import ApusGGUF

extension PlanReader {
  /// An encoder of BERT's kind: embeddings are normed, and the stream behind each sublayer; there is no final norm.
  func postNormEncoder(_ block: BlockStyle) throws(GGUFError) -> NetworkPlan {
    var style = block
    style.norm = .layer
    style.placement = .behind
    let blocks = try BlockReader(self, style)
    var plan = try encoder(blocks.plan())
    plan.embedding.types = try tokenTypes()
    plan.embedding.norm = norm("token_embd_norm", blocks.norm, columns: hiddenSize)
    plan.output.norm = nil
    return plan
  }

  /// A row for each kind of token, if the file has them.
  private func tokenTypes() throws(GGUFError) -> TensorPlan? {
    let name = "token_types.weight"
    guard let rows = tensors.rows(of: name) else { return nil }
    let key = "tokenizer.ggml.token_type_count"
    if let stated = try keys.metadata.int(key), stated != rows {
      throw keys.metadata.error(key, expected: "\(rows), the rows of \(name)", found: "\(stated)")
    }
    return TensorPlan(name, .matrix, .table, rows: rows, columns: hiddenSize)
  }
}
