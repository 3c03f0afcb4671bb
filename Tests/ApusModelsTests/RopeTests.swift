internal import ApusCore
internal import ApusModels
internal import Foundation
internal import Testing

@Suite struct `RoPE frequencies` {
  private let plain = RopeConfiguration(dimensions: 8, base: 10_000, pairing: .adjacent)

  private func scaled(_ scaling: RopeConfiguration.Scaling, attentionFactor: Float = 1) -> RopeParameters {
    RopeConfiguration(
      dimensions: 128, base: 10_000, scaling: scaling, attentionFactor: attentionFactor, pairing: .split
    ).parameters()
  }

  private var unscaled: [Float] { scaled(.none).frequencies }

  @Test func `fall geometrically from 1`() {
    let parameters = plain.parameters()
    #expect(parameters.frequencies == [1, 0.1, 0.01, 0.001])
    #expect(parameters.magnitude == 1)
    #expect(parameters.pairing == .adjacent)
  }

  @Test func `are divided by a model's own divisors`() {
    #expect(plain.parameters(divisors: [1, 2, 4, 8]).frequencies == [1, 0.05, 0.0025, 0.000125])
  }

  @Test func `are all divided by the factor of linear scaling`() {
    let parameters = scaled(.linear(factor: 4), attentionFactor: 0.5)
    for (frequency, unscaled) in zip(parameters.frequencies, unscaled) { #expect(frequency == unscaled / 4) }
    #expect(parameters.magnitude == 0.5)
  }

  @Test func `of YaRN are kept where fast, divided where slow, and mixed between`() {
    let factor: Float = 16
    let parameters = scaled(.yarn(.init(factor: factor, originalContextLength: 4096)))
    // Turns within the original context decide: more than 32 keep, less than 1 divide (arXiv:2309.00071, 3.2).
    for (frequency, unscaled) in zip(parameters.frequencies, unscaled) {
      let ratio = frequency / unscaled
      let turns = 4096 * Double(unscaled) / (2 * Double.pi)
      #expect(ratio <= 1.0001 && ratio >= 0.9999 / factor)
      // The ramp begins and ends at whole pairs: one pair's turns beyond the bounds.
      if turns > 32 * 1.16 { #expect(abs(ratio - 1) < 1e-5) }
      if turns < 1 / 1.16 { #expect(abs(ratio * factor - 1) < 1e-5) }
    }
    for (ratio, next) in zip(parameters.frequencies, parameters.frequencies.dropFirst()) { #expect(next < ratio) }
  }

  @Test func `of YaRN follow the paper's formula on its ramp`() {
    let (factor, context, dimensions, base) = (16.0, 4096.0, 128.0, 10_000.0)
    func pair(turning turns: Double) -> Double {
      dimensions * log(context / (turns * 2 * .pi)) / (2 * log(base))
    }
    let (low, high) = (pair(turning: 32).rounded(.down), pair(turning: 1).rounded(.up))
    let parameters = scaled(.yarn(.init(factor: Float(factor), originalContextLength: Int(context))))
    #expect(low == 20 && high == 46)
    for index in 20...46 {
      let kept = 1 - (Double(index) - low) / (high - low)
      let frequency = pow(base, -2 * Double(index) / dimensions)
      let expected = frequency / factor * (1 - kept) + frequency * kept
      #expect(abs(Double(parameters.frequencies[index]) - expected) <= expected * 1e-6)
    }
    #expect(abs(parameters.magnitude - Float(1 + 0.1 * log(factor))) < 1e-6)
  }

  @Test func `of YaRN take its parameters and stay finite whatever they are`() {
    var yarn = RopeConfiguration.YaRN(factor: 8, originalContextLength: 2048)
    yarn.extrapolation = 0
    let parameters = scaled(.yarn(yarn), attentionFactor: 3)
    #expect(parameters.magnitude == 3)
    for (frequency, unscaled) in zip(parameters.frequencies, unscaled) { #expect(frequency == unscaled / 8) }
    for base in [Float(1).nextUp, 1.5, 1e4, .greatestFiniteMagnitude] {
      for extreme in [Float.leastNonzeroMagnitude, 1e-10, 1, 1e10, .greatestFiniteMagnitude] {
        yarn = .init(factor: 4, originalContextLength: 1)
        yarn.betaFast = extreme
        yarn.betaSlow = 1 / max(1e-30, extreme)
        let configuration = RopeConfiguration(
          dimensions: 64, base: base, scaling: .yarn(yarn), attentionFactor: 1, pairing: .adjacent)
        #expect(configuration.parameters().frequencies.allSatisfy { $0.isFinite })
      }
    }
  }
}
