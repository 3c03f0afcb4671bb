internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// The small kernels of every level against the reference.
struct RowOperationTests {
  static let levels = Kernels.supportedLevelNames
  static let counts = [1, 2, 7, 8, 15, 16, 17, 31, 64, 100, 576]

  /// Largest difference relative to the largest expected value; infinite where a result is NaN.
  static func difference(_ found: [Float], _ expected: [Float]) -> Float {
    let scale = max(expected.map(abs).max() ?? 1, .leastNormalMagnitude)
    return zip(found, expected).reduce(0) { worst, pair in
      let difference = abs(pair.0 - pair.1) / scale
      return difference <= worst ? worst : difference.isNaN ? .infinity : difference
    }
  }

  @Test("Activations round to the same bits at every level", arguments: levels)
  func quantize(level: String) throws {
    let kernels = try #require(Kernels(level: level))
    let reference = try #require(Kernels(level: "reference"))
    var generator = SeededGenerator(seed: 3)
    for (scale, rows) in zip([1e-35, 1e-20, 1e-3, 1, 1e4, 1e30, 0, 1, 1] as [Float], [1, 2, 1, 8, 3, 9, 1, 19, 1]) {
      let x = GuardedBuffer(generator.normals(rows * 320, scale: scale))
      let (found, expected) = (Self.quantize(x, rows: rows, kernels), Self.quantize(x, rows: rows, reference))
      #expect(found.0 == expected.0)
      #expect(found.1 == expected.1)
    }
  }

  private static func quantize(_ x: GuardedBuffer<Float>, rows: Int = 1, _ kernels: Kernels) -> ([Int8], [Float]) {
    let codes = GuardedBuffer([Int8](repeating: 0, count: x.count))
    let scales = GuardedBuffer([Float](repeating: 0, count: x.count / 32))
    let sums16 = GuardedBuffer([Int16](repeating: 0, count: x.count / 16))
    let sums32 = GuardedBuffer([Float](repeating: 0, count: x.count / 32))
    let offsets = GuardedBuffer([Int32](repeating: 0, count: x.count / 32))
    unsafe kernels.quantize(
      x.pointer, rows: rows, count: x.count / rows,
      into: .init(
        codes: codes.pointer, scales: scales.pointer, sums16: sums16.pointer, sums32: sums32.pointer,
        offsets: offsets.pointer),
      chunkRows: rows)
    return (
      codes.values, scales.values + sums16.values.map(Float.init) + sums32.values + offsets.values.map(Float.init)
    )
  }

  @Test("A NaN or infinite activation stays visible after rounding", arguments: levels)
  func quantizePoison(level: String) throws {
    let kernels = try #require(Kernels(level: level))
    for poison: Float in [.nan, .infinity, -.infinity] {
      var values = [Float](repeating: 1, count: 64)
      values[40] = poison
      let (_, floats) = Self.quantize(GuardedBuffer(values), kernels)
      #expect(floats[0].isFinite)
      #expect(!floats[1].isFinite)
    }
  }

  /// What each of the row operations makes of x `[2, count]`, with one more operand.
  private static func results(
    _ kernels: Kernels, _ x: [Float], _ other: [Float], count: Int
  ) -> [(name: String, values: [Float])] {
    let other = GuardedBuffer(other)
    func result(_ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
      let values = GuardedBuffer(x)
      unsafe body(values.pointer)
      return values.values
    }
    var results: [(String, [Float])] = []
    for (kind, name) in [(NormParameters.Kind.rms, "RMSNorm"), (.layer, "LayerNorm")] {
      for (hasGain, hasBias) in [(false, false), (true, false), (false, true), (true, true)] {
        let values = unsafe result { x in
          unsafe kernels.norm(
            x, kind, gain: hasGain ? UnsafePointer(other.pointer) : nil,
            bias: hasBias ? UnsafePointer(other.pointer) : nil, epsilon: 1e-5, count: count, into: x)
        }
        results.append(("\(name), gain \(hasGain), bias \(hasBias)", values))
      }
    }
    results.append(("add", unsafe result { unsafe kernels.add(other.pointer, to: $0, count: count) }))
    results.append(
      ("add, scaled", unsafe result { unsafe kernels.add(other.pointer, to: $0, factor: -0.3, count: count) }))
    results.append(("scale", unsafe result { unsafe kernels.scale($0, by: 1.7, count: count) }))
    results.append(("softmax", unsafe result { unsafe kernels.softmax($0, count: count) }))
    return results
  }

  @Test("Norms, sums and softmax agree with the reference", arguments: levels)
  func elementwise(level: String) throws {
    let kernels = try #require(Kernels(level: level))
    let reference = try #require(Kernels(level: "reference"))
    for count in Self.counts {
      var generator = SeededGenerator(seed: UInt64(count))
      let (x, other) = (generator.normals(count, scale: 3).map { $0 + 1 }, generator.normals(count, scale: 20))
      let found = Self.results(kernels, x, other, count: count)
      for (found, expected) in zip(found, Self.results(reference, x, other, count: count)) {
        // The difference of one value and its mean is all rounding.
        if count == 1, found.name.hasPrefix("LayerNorm") { continue }
        #expect(Self.difference(found.values, expected.values) < 2e-6, "\(found.name), \(count) values")
      }
    }
  }

  @Test("RoPE turns both pairings as the formula says", arguments: levels)
  func rope(level: String) throws {
    let kernels = try #require(Kernels(level: level))
    for pairs in [1, 3, 4, 8, 20, 32, 64] {
      var generator = SeededGenerator(seed: UInt64(pairs))
      let x = generator.normals(2 * pairs)
      let angles = generator.normals(pairs, scale: 3)
      let table = GuardedBuffer(angles.map { cos($0) } + angles.map { sin($0) })
      for pairing in [RopeParameters.Pairing.adjacent, .split] {
        let turned = GuardedBuffer(x)
        unsafe kernels.rope(turned.pointer, table: table.pointer, pairs: pairs, pairing)
        var expected = x
        for i in 0..<pairs {
          let (a, b) = pairing == .adjacent ? (2 * i, 2 * i + 1) : (i, pairs + i)
          expected[a] = x[a] * cos(angles[i]) - x[b] * sin(angles[i])
          expected[b] = x[a] * sin(angles[i]) + x[b] * cos(angles[i])
        }
        #expect(Self.difference(turned.values, expected) < 1e-6)
      }
    }
  }
}
