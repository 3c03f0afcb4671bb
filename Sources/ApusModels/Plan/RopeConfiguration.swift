package import ApusCore
internal import ApusGGUF

/// How a model turns its queries and keys by position, as its metadata says.
package struct RopeConfiguration: Sendable, Equatable {
  /// How frequencies are stretched so that a model reaches further than it was trained for.
  package enum Scaling: Sendable, Equatable {
    case none
    /// Every frequency divided by `factor` (arXiv:2306.15595).
    case linear(factor: Float)
    /// Low frequencies divided, high ones kept, a ramp between (arXiv:2309.00071).
    case yarn(YaRN)
  }

  /// The parameters of YaRN, with the paper's names.
  package struct YaRN: Sendable, Equatable {
    package var factor: Float
    /// Positions that the model was trained for before it was stretched.
    package var originalContextLength: Int
    /// Turns within the original context above which a frequency is kept.
    package var betaFast: Float = 32
    /// Turns below which it is divided by `factor`.
    package var betaSlow: Float = 1
    /// How much of the ramp is applied, 0 to 1.
    package var extrapolation: Float = 1
    /// Where not nil the magnitude is divided by `1 + 0.1 · logMultiplier · ln(factor)` (`mscale_all_dim`).
    package var logMultiplier: Float?

    package init(factor: Float, originalContextLength: Int) {
      self.factor = factor
      self.originalContextLength = originalContextLength
    }
  }

  /// Values of a head that turn, in pairs; even.
  package var dimensions: Int
  package var base: Float
  package var scaling: Scaling
  /// Factor on cosine and sine beside YaRN's own.
  package var attentionFactor: Float
  package var pairing: RopeParameters.Pairing

  package init(
    dimensions: Int, base: Float, scaling: Scaling = .none, attentionFactor: Float = 1,
    pairing: RopeParameters.Pairing
  ) {
    self.dimensions = dimensions
    self.base = base
    self.scaling = scaling
    self.attentionFactor = attentionFactor
    self.pairing = pairing
  }
}

extension RopeConfiguration {
  init(
    _ reader: ConfigurationReader, pairing: RopeParameters.Pairing, headDimension: Int, isPartial: Bool = false,
    contextLength: Int
  ) throws(GGUFError) {
    dimensions = try reader.ropeDimensions(
      "rope.dimension_count", headDimension: headDimension, isPartial: isPartial, default: headDimension)
    // The paper's own base, which the GGUF specification's reference implementation takes where a file has none.
    base = try reader.number("rope.freq_base", "a finite number above 1", default: 10_000) { $0 > 1 }
    attentionFactor = try reader.number("rope.scaling.attn_factor", positive, default: 1) { $0 > 0 }
    scaling = try Scaling(reader, contextLength: contextLength)
    self.pairing = pairing
  }
}

extension RopeConfiguration.Scaling {
  fileprivate init(_ reader: ConfigurationReader, contextLength: Int) throws(GGUFError) {
    switch try reader.string("rope.scaling.type") {
    // Files from before there were types have a factor alone, or none for models that were not stretched.
    case nil: self = try Self.linear(reader, default: 1)
    case "linear": self = try Self.linear(reader)
    // LongRoPE's divisors are tensors of the file; nothing else is scaled.
    case "none", "longrope": self = .none
    case "yarn": self = .yarn(try RopeConfiguration.YaRN(reader, contextLength: contextLength))
    case let type?:
      throw reader.error(
        "rope.scaling.type", .unsupported, expected: "none, linear, yarn or longrope", found: "'\(type)'")
    }
  }

  private static func linear(_ reader: ConfigurationReader, default standard: Float? = nil) throws(GGUFError) -> Self {
    // Its name before there were other types.
    let legacy = "rope.scale_linear"
    let name = reader.contains(legacy) && !reader.contains("rope.scaling.factor") ? legacy : "rope.scaling.factor"
    let factor = try reader.number(name, positive, default: standard) { $0 > 0 }
    return factor == 1 ? .none : .linear(factor: factor)
  }
}

extension RopeConfiguration.YaRN {
  fileprivate init(_ reader: ConfigurationReader, contextLength: Int) throws(GGUFError) {
    factor = try reader.number("rope.scaling.factor", positive) { $0 > 0 }
    // The defaults are those of the paper and of the specification's reference implementation.
    originalContextLength = try reader.integer(
      "rope.scaling.original_context_length", 1...Int(Int32.max), default: contextLength)
    betaFast = try reader.number("rope.scaling.yarn_beta_fast", positive, default: 32) { $0 > 0 }
    betaSlow = try reader.number("rope.scaling.yarn_beta_slow", positive, default: 1) { $0 > 0 }
    extrapolation = try reader.number("rope.scaling.yarn_ext_factor", "a number from 0 to 1", default: 1) {
      (0...1).contains($0)
    }
    if reader.contains("rope.scaling.yarn_log_multiplier") {
      logMultiplier = try reader.number("rope.scaling.yarn_log_multiplier", "a finite number, 0 or above") { $0 >= 0 }
    }
    // Some converters write the magnitude here, others a factor on it, which the reference does not read.
    let name = "rope.scaling.yarn_attn_factor"
    let stated = try reader.number(name, positive, default: 1) { $0 > 0 }
    guard stated == 1 || abs(stated - magnitude) <= 1e-3 * magnitude else {
      throw reader.error(
        name, .unsupported, expected: "1, or \(magnitude), which the other keys of YaRN give", found: "\(stated)")
    }
  }
}

private let positive = "a finite number above 0"
