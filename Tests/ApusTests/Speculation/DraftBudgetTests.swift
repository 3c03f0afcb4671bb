internal import Apus
internal import Testing

struct DraftBudgetTests {
  private func costs(row: Double = 0.1, sequences: Int = 1) -> StepCosts {
    var costs = StepCosts()
    for _ in 0..<40 {
      costs.note(sequences: sequences, proposed: 0, seconds: 1)
      costs.note(sequences: sequences, proposed: 4, seconds: 1 + 4 * row)
    }
    costs.note(sequences: sequences, proposed: 0, seconds: 1)
    return costs
  }

  private func budget(pass: Double, row: Double = 0.01, accepted: Int? = nil) -> DraftBudget {
    var budget = DraftBudget()
    for _ in 0..<40 {
      budget.note(seconds: pass)
      budget.note(promptRows: 10, seconds: 10 * row)
      if let accepted { budget.note(1, proposed: 4, accepted: accepted) }
    }
    return budget
  }

  private func candidate(behind: Int = 1, most: Int = 8, room: Int = 500) -> DraftBudget.Candidate {
    DraftBudget.Candidate(id: 1, behind: behind, most: most, room: room)
  }

  private func count(_ budget: DraftBudget, _ costs: StepCosts, behind: Int = 1, most: Int = 8) throws -> Int {
    var budget = budget
    let worth = try #require(costs.worth(sequences: costs.worth(sequences: 1) == nil ? 3 : 1))
    guard case .draft(let count) = budget.decide(candidate(behind: behind, most: most), worth) else { return 0 }
    return count
  }

  @Test func `The likelier its tokens and the cheaper its passes, the more are drafted`() throws {
    #expect(try count(budget(pass: 0.02, accepted: 4), costs()) == 8)
    #expect(try count(budget(pass: 0.02, accepted: 4), costs(), most: 3) == 3)
    let likely = try count(budget(pass: 0.1, accepted: 3), costs())
    #expect(likely > 0 && likely < 8)
    #expect(try count(budget(pass: 0.1, accepted: 0), costs()) == 0)
    #expect(try count(budget(pass: 2, accepted: 4), costs()) == 0)
    #expect(try count(budget(pass: 0.1, accepted: 3), costs(row: 0.3)) < likely)
  }

  @Test func `Beside others a pass is shared, but rows must bring as much as theirs`() throws {
    #expect(try count(budget(pass: 0.3, accepted: 4), costs(sequences: 3)) > 0)
    #expect(try count(budget(pass: 0.1, accepted: 1), costs(row: 0.2, sequences: 3)) == 0)
  }

  @Test func `A prompt is processed in pieces, where the completion may win that back`() throws {
    let worth = try #require(costs().worth(sequences: 1))
    var good = budget(pass: 0.05, row: 0.03, accepted: 4)
    #expect(good.decide(candidate(behind: 300), worth) == .process(33))
    #expect(good.decide(candidate(behind: 20), worth) == .process(20))
    #expect(good.decide(candidate(behind: 300, room: 5), worth) == .nothing)
    #expect(good.decide(candidate(behind: 60_000), worth) == .nothing)
    var unknown = DraftBudget()
    #expect(unknown.decide(candidate(behind: 60_000), worth) == .process(16))
  }

  @Test func `What does not pay is tried now and then, for a small share of the time`() throws {
    let worth = try #require(costs().worth(sequences: 1))
    for behind in [1, 200] {
      var budget = budget(pass: 0.1, row: 0.01, accepted: 0)
      var spent = 0.0, tries = 0
      for _ in 0..<1000 {
        switch budget.decide(candidate(behind: behind), worth) {
        case .nothing: budget.note(plainSeconds: 1)
        case .draft(let count):
          #expect(count == 1)
          spent += 0.2
          tries += 1
        case .process(let rows):
          spent += Double(rows) * 0.01
          tries += 1
        }
      }
      #expect(tries > 10 && spent < 1000.0 / 60)
    }
  }

  @Test func `A draft that turns good is found by its tries`() throws {
    let worth = try #require(costs().worth(sequences: 1))
    var budget = budget(pass: 0.05, accepted: 0)
    #expect(budget.rate(of: 1) < 0.01)
    for _ in 0..<1000 {
      if case .draft(let count) = budget.decide(candidate(), worth) {
        budget.note(1, proposed: count, accepted: count)
      } else {
        budget.note(plainSeconds: 1)
      }
    }
    #expect(budget.rate(of: 1) > 0.9)
    #expect(budget.decide(candidate(), worth) == .draft(8))
    // Others begin with what was usual lately, and one that is gone is forgotten.
    #expect(budget.rate(of: 2) > 0.9)
    budget.note(2, proposed: 1, accepted: 0)
    let own = budget.rate(of: 2)
    budget.keepOnly([1])
    #expect(budget.rate(of: 2) > own)
  }
}
