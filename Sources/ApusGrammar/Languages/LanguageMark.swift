/// 128 bits that tell languages apart, with keys drawn anew in each process: nobody can prepare two that collide.
struct LanguageMark: Hashable, Comparable {
  private(set) var low: UInt64
  private(set) var high: UInt64

  private struct Keys {
    let low: UInt64 = .random(in: .min ... .max) | 1
    let high: UInt64 = .random(in: .min ... .max) | 1
  }
  private static let keys = Keys()

  init(_ word: UInt64) {
    low = Self.keys.high
    high = Self.keys.low
    add(word)
  }

  mutating func add(_ word: UInt64) {
    low = Self.mix(low ^ word, Self.keys.low)
    high = Self.mix(high ^ word, Self.keys.high)
  }

  mutating func add(_ other: LanguageMark) {
    add(other.low)
    add(other.high)
  }

  static func < (a: LanguageMark, b: LanguageMark) -> Bool { (a.low, a.high) < (b.low, b.high) }

  private static func mix(_ value: UInt64, _ key: UInt64) -> UInt64 {
    let product = (value &+ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: key)
    return product.high ^ product.low
  }
}
