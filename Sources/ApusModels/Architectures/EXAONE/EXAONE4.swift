internal import ApusCore
internal import ApusGGUF

/// EXAONE 4 (arXiv:2507.11407): norms only on what sublayers add, queries and keys normed head by head.
///
/// The 32B model has a window and RoPE in three of four layers, neither in the fourth.
enum EXAONE4: Architecture {
  private static let layersOf32B = 64

  static func plan(_ reader: PlanReader) throws(GGUFError) -> NetworkPlan {
    var style = BlockStyle(.split)
    style.placement = .after
    style.headNorm = .perHead
    style.windowPeriod = 4
    let hasWindows = reader.layers == layersOf32B
    style.ignoresWindow = !hasWindows
    if hasWindows {
      style.hasRope = { _, isWindowed in isWindowed }
      style.defaultWindow = 4096
    }
    return try BlockReader(reader, style).plan()
  }
}
