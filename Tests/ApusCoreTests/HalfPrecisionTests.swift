internal import ApusCore
internal import Testing

@Suite struct `Half precision` {
  @Test func `every F16 survives the way through Float`() {
    let lost = (0...UInt16.max).filter { Float(f16Bits: $0).f16Bits != $0 }
    #expect(lost.isEmpty)
  }

  @Test func `every BF16 survives the way through Float, signalling NaNs quieted`() {
    let lost = (0...UInt16.max).filter { bits in
      let value = Float(bf16Bits: bits)
      return value.bf16Bits != (value.isNaN ? bits | 0x40 : bits)
    }
    #expect(lost.isEmpty)
  }

  @Test func `F16 has the known landmarks`() {
    #expect(Float(f16Bits: 0x0001) == 0x1p-24)
    #expect(Float(f16Bits: 0x03FF) == 0x1.FF8p-15)
    #expect(Float(f16Bits: 0x0400) == 0x1p-14)
    #expect(Float(f16Bits: 0x3C00) == 1)
    #expect(Float(f16Bits: 0x7BFF) == 65_504)
    #expect(Float(f16Bits: 0x7C00) == .infinity)
    #expect(Float(f16Bits: 0x8000).bitPattern == 0x8000_0000)
    #expect(Float(f16Bits: 0x7C01).isNaN)
  }

  @Test func `between two neighbours the nearest F16 wins, and the even one at the middle`() {
    for low in (0 as UInt16)..<0x7BFF {
      let (a, b) = (Float(f16Bits: low), Float(f16Bits: low + 1))
      let middle = (a + b) / 2
      let even = low.isMultiple(of: 2) ? low : low + 1
      let correct =
        middle.nextDown.f16Bits == low && middle.nextUp.f16Bits == low + 1 && middle.f16Bits == even
        && (-middle).f16Bits == even | 0x8000
      #expect(correct, "around \(middle)")
    }
  }

  @Test func `what lies beyond the largest F16 becomes infinite`() {
    #expect((65_520 as Float).nextDown.f16Bits == 0x7BFF)
    #expect((65_520 as Float).f16Bits == 0x7C00)
    #expect((-Float.greatestFiniteMagnitude).f16Bits == 0xFC00)
    #expect(Float.infinity.f16Bits == 0x7C00)
  }

  @Test func `NaN stays NaN in both formats, even with a payload that does not fit`() {
    for bits in [0x7F80_0001, 0x7FC0_0000, 0xFF80_0001, 0xFFFF_FFFF] as [UInt32] {
      let value = Float(bitPattern: bits)
      #expect(Float(f16Bits: value.f16Bits).isNaN)
      #expect(Float(bf16Bits: value.bf16Bits).isNaN)
    }
  }

  @Test func `BF16 rounds to the nearest, ties to even, up to infinity`() {
    #expect(Float(bitPattern: 0x3F80_7FFF).bf16Bits == 0x3F80)
    #expect(Float(bitPattern: 0x3F80_8000).bf16Bits == 0x3F80)
    #expect(Float(bitPattern: 0x3F80_8001).bf16Bits == 0x3F81)
    #expect(Float(bitPattern: 0x3F81_8000).bf16Bits == 0x3F82)
    #expect(Float.greatestFiniteMagnitude.bf16Bits == 0x7F80)
  }

  #if arch(arm64) || !os(macOS)
    @Test func `every F16 equals the compiler's own`() {
      let wrong = (0...UInt16.max).filter { !identical(Float(f16Bits: $0), Float(Float16(bitPattern: $0))) }
      #expect(wrong.isEmpty)
    }

    @Test func `Floats across the whole range round to the compiler's own F16`() {
      // A stride that is odd, so that all parts of the bit pattern vary.
      for bits in stride(from: 0 as UInt32, through: .max - 4099, by: 4099) {
        let value = Float(bitPattern: bits)
        guard !value.isNaN else { continue }
        guard value.f16Bits != Float16(value).bitPattern else { continue }
        Issue.record("\(value) rounds to another F16")
      }
    }
  #endif
}
