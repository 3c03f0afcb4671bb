internal import ApusCore
internal import ApusGGUF

/// Ministral 3: Llama with YaRN, and queries that grow with their position.
enum Mistral3: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    style.experts = ExpertStyle()
    var plan = try BlockReader(reader, style).plan()
    guard let factor = try reader.factor("attention.temperature_scale") else { return plan }
    let positions = try reader.keys.integer(
      "rope.scaling.original_context_length", 1...Int(Int32.max), default: reader.contextLength)
    try plan.editAttention { _, attention in attention.temperature = .init(factor: factor, positions: positions) }
    return plan
  }
}
