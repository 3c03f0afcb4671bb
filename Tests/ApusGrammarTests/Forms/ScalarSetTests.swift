internal import ApusGrammar
internal import ApusTestSupport
internal import Testing

struct ScalarSetTests {
  /// Scalars at which something changes: in UTF-8, or in the sets.
  private static let edges: [UInt32] = [
    0, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF,
    0x40000, 0xFFFFF, 0x100000, 0x10FFFF,
  ]

  @Test func setsAreWhatIsPutTogether() throws {
    var random = SeededGenerator(seed: 3)
    let set = { (random: inout SeededGenerator) in
      ScalarSet(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
          let ends = [Self.edges.randomElement(using: &random) ?? 0, Self.edges.randomElement(using: &random) ?? 0]
          return ends.min()!...ends.max()!
        })
    }
    for _ in 0..<300 {
      let (a, b) = (set(&random), set(&random))
      for scalar in Self.edges.flatMap({ [$0 &- 1, $0, $0 + 1] }).compactMap(Unicode.Scalar.init) {
        let (inA, inB) = (a.contains(scalar), b.contains(scalar))
        #expect(inA == a.ranges.contains { $0.contains(scalar.value) })
        #expect(a.inverted.contains(scalar) == !inA)
        #expect(a.union(b).contains(scalar) == (inA || inB))
        #expect(a.intersection(b).contains(scalar) == (inA && inB))
        #expect(a.subtracting(b).contains(scalar) == (inA && !inB))
        if !a.isEmpty { #expect(NaiveLanguage.contains(String(Character(scalar)), in: a.utf8) == inA) }
      }
      #expect(a.inverted.inverted == a)
      #expect(zip(a.ranges, a.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound })
    }
  }

  @Test func noOtherBytesAreAScalar() {
    for bytes: [UInt8] in [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xC3], [0xE2, 0x82],
    ] {
      #expect(!NaiveLanguage.contains(bytes, in: ScalarSet.all.utf8), "\(bytes)")
    }
  }
}
