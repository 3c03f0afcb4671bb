internal import ApusCore

/// Reads the inputs that each layer of a Gemma 3n or 4 has of its own.
struct LayerInputReader {
  let reader: PlanReader
  let norm: NormParameters
  /// Values of the input of one layer.
  let width: Int

  private var columns: Int { width * reader.layers }

  /// The inputs of all layers.
  var inputs: LayerInputsPlan {
    LayerInputsPlan(
      width: width,
      table: TensorPlan(
        "per_layer_token_embd.weight", .vocabulary, .table, rows: reader.vocabularySize, columns: columns),
      projection: reader.projection("per_layer_model_proj", rows: columns, columns: reader.hiddenSize),
      norm: reader.norm("per_layer_proj_norm", norm.grouped(by: reader.layers), columns: width))
  }

  /// What one layer does with its input.
  func input(_ layer: Int) -> LayerInputPlan {
    let (prefix, hidden) = ("blk.\(layer).", reader.hiddenSize)
    return LayerInputPlan(
      columns: columns, gate: reader.projection(prefix + "inp_gate", rows: width, columns: hidden), activation: .gelu,
      projection: reader.projection(prefix + "proj", rows: hidden, columns: width),
      norm: reader.norm(prefix + "post_norm", norm, columns: hidden))
  }
}
