internal import Apus
internal import Testing

struct StepCostsTests {
  /// How many tokens are proposed beside so many sequences, when each comes true with this chance.
  private func count(_ costs: StepCosts, chance: Double, sequences: Int = 1) -> Int {
    guard var worth = costs.worth(sequences: sequences) else { return 0 }
    var (count, all) = (0, chance)
    while count < 15, worth.add(chance: all) {
      count += 1
      all *= chance
    }
    return count
  }

  private func costs(row: Double, sequences: Int = 1) -> StepCosts {
    var costs = StepCosts()
    for _ in 0..<40 {
      costs.note(sequences: sequences, proposed: 0, seconds: 1)
      costs.note(sequences: sequences, proposed: 4, seconds: 1 + 4 * row)
    }
    return costs
  }

  @Test func `The cheaper a row and the likelier a token, the longer a proposal`() {
    let cheap = costs(row: 0.02), dear = costs(row: 0.4)
    #expect(count(cheap, chance: 0.98) == 15)
    #expect(count(cheap, chance: 0.5) > count(dear, chance: 0.5))
    #expect(count(cheap, chance: 0.9) > count(cheap, chance: 0.5))
    #expect(count(dear, chance: 0.9) > 0 && count(dear, chance: 0.3) == 0)
    #expect(count(costs(row: 1), chance: 0.99) == 0)
  }

  @Test func `Beside others less is proposed, beside many nothing`() {
    let one = count(costs(row: 0.1), chance: 0.7)
    let three = count(costs(row: 0.1, sequences: 3), chance: 0.7, sequences: 3)
    #expect(one > three && three > 0)
    #expect(costs(row: 0, sequences: 5).worth(sequences: 5) == nil)
  }

  @Test func `Nothing is proposed before the time of a step is known`() {
    #expect(StepCosts().worth(sequences: 1) == nil)
    #expect(costs(row: 0.1).worth(sequences: 2) == nil)
    var stopped = StepCosts()
    stopped.note(sequences: 1, proposed: 0, seconds: 0)
    #expect(stopped.worth(sequences: 1) == nil)
  }

  @Test func `Now and then a step without proposed rows is due`() {
    var costs = costs(row: 0.1)
    for _ in 0..<200 { costs.note(sequences: 1, proposed: 4, seconds: 1.4) }
    #expect(costs.worth(sequences: 1) == nil)
    costs.note(sequences: 1, proposed: 0, seconds: 1)
    #expect(costs.worth(sequences: 1) != nil)
  }

  @Test func `Rows that looked dear once are tried again`() {
    var costs = costs(row: 3)
    #expect(count(costs, chance: 0.99) == 0)
    for _ in 0..<300 { costs.note(sequences: 1, proposed: 0, seconds: 1) }
    #expect(count(costs, chance: 0.99) > 0)
  }
}
