internal import ApusGGUF

extension PlanReader {
  /// For each layer the positions that a token looks back on; nil for all.
  ///
  /// The file's pattern is an array, or a number n: all layers but one of n have the window, which is the first of each
  /// n with `startsWithoutWindow` and else the last. Where it has none, `period` is n; nil for a window in all layers.
  /// `standard` is the window of a file without the key.
  func windows(
    period: Int?, default standard: Int = 0, startsWithoutWindow: Bool = false
  ) throws(GGUFError) -> [Int?] {
    let stated = try keys.integer("attention.sliding_window", 0...Int(UInt32.max), default: standard)
    // No position is farther away.
    let window = min(stated, Int(Int32.max))
    guard window > 0 else { return [Int?](repeating: nil, count: layers) }
    let name = "attention.sliding_window_pattern"
    if let flags = try keys.flags(name, layers: fileLayers) { return flags.prefix(layers).map { $0 ? window : nil } }
    guard let period = try keys.contains(name) ? keys.integer(name, 0...1024) : period, period > 0 else {
      return [Int?](repeating: window, count: layers)
    }
    let without = startsWithoutWindow ? 0 : period - 1
    return (0..<layers).map { $0 % period != without ? window : nil }
  }
}
