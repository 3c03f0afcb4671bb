internal import Apus
internal import Testing

struct StepBudgetTests {
  /// A step's time in seconds: memory is read once, each row is computed.
  private func cost(_ rows: Int, memory: Double, row: Double) -> Duration {
    .seconds(max(memory, row * Double(rows)) + row * Double(rows) / 10)
  }

  @Test func `Without sequences in decode a prompt has the whole step`() {
    #expect(StepBudget().promptRows(besides: 0) == .max)
  }

  @Test(arguments: [(0.1, 0.01), (0.1, 0.001), (0.001, 0.01), (0.02, 0.004)])
  func `A step with prompts comes to about twice one without, whatever limits it`(memory: Double, row: Double) {
    var budget = StepBudget()
    let undisturbed = cost(8, memory: memory, row: row)
    for _ in 0..<5 { budget.note(decodeRows: 8, promptRows: 0, took: undisturbed) }
    var times: [Double] = []
    for _ in 0..<60 {
      let rows = budget.promptRows(besides: 8)
      let time = cost(8 + rows, memory: memory, row: row)
      budget.note(decodeRows: 8, promptRows: rows, took: time)
      times.append(time / undisturbed)
    }
    let last = times.suffix(20)
    #expect(last.allSatisfy { (1.8...2.5).contains($0) }, "\(times)")
  }

  @Test func `Prompts always move, also where their rows are dear or nothing is known`() {
    var budget = StepBudget()
    #expect(budget.promptRows(besides: 3) > 0)
    budget.note(decodeRows: 1, promptRows: 0, took: .milliseconds(1))
    budget.note(decodeRows: 1, promptRows: 10, took: .seconds(100))
    #expect(budget.promptRows(besides: 1) > 0 && budget.promptRows(besides: 9) > 0)
    budget.note(decodeRows: 1, promptRows: 10, took: .zero)
    #expect(budget.promptRows(besides: 1) > 0)
  }

  @Test func `Rows that cost nothing do not let the number overflow`() {
    var budget = StepBudget()
    budget.note(decodeRows: 1, promptRows: 0, took: .seconds(1))
    for _ in 0..<100 { budget.note(decodeRows: 1, promptRows: 1_000_000, took: .nanoseconds(1)) }
    #expect(budget.promptRows(besides: 1) > 1000)
  }
}
