internal import ApusCore
internal import ApusGGUF

extension PlanReader {
  /// RoPE with the divisors that the file has.
  func rope(
    _ pairing: RopeParameters.Pairing, headDimension: Int, isPartial: Bool
  ) throws(GGUFError) -> RopePlan {
    let configuration = try RopeConfiguration(
      keys, pairing: pairing, headDimension: headDimension, isPartial: isPartial, contextLength: contextLength)
    var rope = RopePlan(configuration: configuration)
    func divisors(_ name: String) -> TensorPlan? {
      tensors.contains(name) ? TensorPlan(name, .bias, columns: configuration.dimensions / 2) : nil
    }
    let (short, long) = (divisors("rope_factors_short.weight"), divisors("rope_factors_long.weight"))
    if try keys.string("rope.scaling.type") == "longrope", short == nil || long == nil {
      throw keys.error(
        "rope.scaling.type", .unsupported,
        expected: "longrope in files with rope_factors_short.weight and rope_factors_long.weight: convert again",
        found: "it without both tables")
    }
    rope.divisors = divisors("rope_freqs.weight") ?? short
    if let long {
      let original = try keys.integer(
        "rope.scaling.original_context_length", 1...Int(Int32.max), default: contextLength)
      rope.longDivisors = (original, long)
    }
    return rope
  }

  /// RoPE of layers with a window beside that of the others: without scaling and divisors, of a base of its own.
  ///
  /// Where the file does not state that base it is `standard`; nil for that of the others.
  func windowRope(
    beside rope: RopePlan, base standard: Float?, headDimension: Int
  ) throws(GGUFError) -> RopePlan {
    var configuration = rope.configuration
    configuration.base = try keys.number(
      "rope.freq_base_swa", "a number above 1", default: standard ?? configuration.base
    ) { $0 > 1 }
    configuration.dimensions = try keys.ropeDimensions(
      "rope.dimension_count_swa", headDimension: headDimension, isPartial: true,
      default: min(headDimension, configuration.dimensions))
    configuration.scaling = .none
    configuration.attentionFactor = 1
    return RopePlan(configuration: configuration)
  }
}

extension ConfigurationReader {
  /// How many values of a head RoPE turns: all, or with `isPartial` as many at most.
  func ropeDimensions(
    _ name: String, headDimension: Int, isPartial: Bool, default standard: Int
  ) throws(GGUFError) -> Int {
    let dimensions = try integer(name, 0...Int(UInt32.max), default: standard)
    let isPossible = isPartial ? dimensions <= headDimension : dimensions == headDimension
    guard isPossible, dimensions >= 2, dimensions.isMultiple(of: 2) else {
      throw error(
        name, expected: "\(isPartial ? "at most " : "")the \(headDimension) values of a key head, an even number",
        found: "\(dimensions)")
    }
    return dimensions
  }
}
