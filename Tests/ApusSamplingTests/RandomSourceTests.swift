internal import ApusSampling
internal import Testing

@Suite struct RandomSourceTests {
  @Test func `SplitMix64 gives the published sequence of seed 1234567`() {
    var source = SplitMix64(state: 1_234_567)
    let values = (0..<5).map { _ in source.next() }
    #expect(
      values == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func `xoshiro256** gives the published sequence of state 1, 2, 3, 4`() {
    var source = RandomSource(state: (1, 2, 3, 4))
    let values = (0..<6).map { _ in source.next() }
    #expect(
      values == [
        11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
      ])
  }

  @Test func `Seeding fills the state from SplitMix64`() {
    var seeder = SplitMix64(state: 42)
    let state = (seeder.next(), seeder.next(), seeder.next(), seeder.next())
    #expect(RandomSource(seed: 42) == RandomSource(state: state))
    #expect(RandomSource(seed: 42) != RandomSource(seed: 43))
  }

  @Test func `Unit numbers are even over their range`() {
    var source = RandomSource(seed: 7)
    var counts = [Int](repeating: 0, count: 100)
    for _ in 0..<200_000 {
      let unit = source.nextUnit()
      #expect(unit >= 0 && unit < 1)
      counts[Int(unit * 100)] += 1
    }
    ChiSquared.expect(counts, follow: Array(repeating: 0.01, count: 100))
  }
}
