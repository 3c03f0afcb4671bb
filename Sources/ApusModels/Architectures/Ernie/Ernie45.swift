internal import ApusCore
internal import ApusGGUF

/// ERNIE 4.5: Llama, and with experts behind the first layers in every so many layers, chosen by biased scores.
enum Ernie45: Architecture {
  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.adjacent)
    var experts = ExpertStyle()
    let step = try reader.keys.integer("interleave_moe_layer_step", 0...1024, default: 1)
    if step > 1 { experts.isRouted = { ($0 + 1) % step == 0 } }
    style.experts = experts
    return try BlockReader(reader, style).plan()
  }
}
