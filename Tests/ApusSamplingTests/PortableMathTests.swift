internal import ApusSampling
internal import Foundation
internal import Testing

@Suite struct PortableMathTests {
  @Test func `The exponential agrees with the C library within a few last bits`() {
    for step in -70_000...70_000 {
      let x = Double(step) / 100 + 1e-3
      let expected = Foundation.exp(x)
      #expect(abs(PortableMath.exp(x) - expected) <= 1e-15 * expected)
    }
    #expect(PortableMath.exp(0) == 1)
    #expect(PortableMath.exp(-.infinity) == 0)
    #expect(PortableMath.exp(.nan) == 0)
    #expect(PortableMath.exp(710) == .infinity)
  }

  @Test func `The logarithm agrees with the C library within a few last bits`() {
    for step in -70_000...70_000 {
      let x = Foundation.exp(Double(step) / 100 + 1e-3)
      let expected = Foundation.log(x)
      #expect(abs(PortableMath.log(x) - expected) <= 1e-15 * max(1, abs(expected)))
    }
    #expect(PortableMath.log(1) == 0)
    #expect(PortableMath.log(0) == -.infinity)
    #expect(PortableMath.log(-1).isNaN)
    #expect(PortableMath.log(.infinity) == .infinity)
    #expect(abs(PortableMath.log(.leastNonzeroMagnitude) - Foundation.log(.leastNonzeroMagnitude)) < 1e-12)
  }

  @Test func `Powers have the usual edges`() {
    #expect(PortableMath.pow(0, 0) == 1)
    #expect(PortableMath.pow(0, 2) == 0)
    #expect(PortableMath.pow(1.75, 1) == PortableMath.exp(PortableMath.log(1.75)))
    #expect(abs(PortableMath.pow(1.75, 5) - 16.4130859375) < 1e-12)
    #expect(abs(PortableMath.log2(8) - 3) < 1e-14)
  }

  @Test func `The last bits are the same on every machine`() {
    #expect(PortableMath.exp(1).bitPattern == 0x4005_bf0a_8b14_5769)
    var hash: UInt64 = 0
    for step in 1...10_000 {
      let x = Double(step) * 0.0137
      hash = hash &* 31 &+ PortableMath.exp(-x).bitPattern
      hash = hash &* 31 &+ PortableMath.log(x).bitPattern
    }
    #expect(hash == 17_255_132_606_248_774_864)
  }
}
