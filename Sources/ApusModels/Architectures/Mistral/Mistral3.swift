internal import ApusCore
internal import ApusGGUF

/// Ministral 3: Llama with YaRN, and queries that grow with their position.
enum Mistral3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.experts = ExpertStyle()
    var plan = try BlockReader(reader, style).plan()
    let temperature = try reader.temperature()
    try plan.editAttention { _, attention in attention.temperature = temperature }
    return plan
  }
}

extension PlanReader {
  /// How queries grow with their position; nil where they do not.
  func temperature() throws(GGUFError) -> AttentionPlan.Temperature? {
    guard let factor = try factor("attention.temperature_scale") else { return nil }
    let original = try keys.integer(
      "rope.scaling.original_context_length", 1...Int(Int32.max), default: contextLength)
    let positions = try keys.integer("attention.temperature_length", 0...Int(Int32.max), default: original)
    return .init(factor: factor, positions: positions > 0 ? positions : original)
  }
}
