internal import Apus
internal import Testing

struct PromptRowsTests {
  /// A step's time in seconds: memory is read once, each row is computed.
  private func cost(_ rows: Int, memory: Double, row: Double) -> Duration {
    .seconds(max(memory, row * Double(rows)) + row * Double(rows) / 10)
  }

  @Test func `Without sequences in decode a prompt has the whole step`() {
    #expect(StepCosts().promptRows(besides: 0) == .max)
  }

  @Test(arguments: [(0.1, 0.01), (0.1, 0.001), (0.001, 0.01), (0.02, 0.004)])
  func `A step with prompts comes to about twice one without, whatever limits it`(memory: Double, row: Double) {
    var costs = StepCosts()
    let undisturbed = cost(8, memory: memory, row: row)
    for _ in 0..<5 { costs.note(sequences: 8, seconds: undisturbed / .seconds(1)) }
    var times: [Double] = []
    for _ in 0..<60 {
      let rows = costs.promptRows(besides: 8)
      let time = cost(8 + rows, memory: memory, row: row)
      costs.note(sequences: 8, promptRows: rows, seconds: time / .seconds(1))
      times.append(time / undisturbed)
    }
    let last = times.suffix(20)
    #expect(last.allSatisfy { (1.8...2.5).contains($0) }, "\(times)")
  }

  @Test func `Prompts always move, also where their rows are dear or nothing is known`() {
    var costs = StepCosts()
    #expect(costs.promptRows(besides: 3) > 0)
    costs.note(sequences: 1, seconds: 0.001)
    costs.note(sequences: 1, promptRows: 10, seconds: 100)
    #expect(costs.promptRows(besides: 1) > 0 && costs.promptRows(besides: 9) > 0)
    costs.note(sequences: 1, promptRows: 10, seconds: 0)
    #expect(costs.promptRows(besides: 1) > 0)
  }

  @Test func `Rows that cost nothing do not let the number overflow`() {
    var costs = StepCosts()
    costs.note(sequences: 1, seconds: 1)
    for _ in 0..<100 { costs.note(sequences: 1, promptRows: 1_000_000, seconds: 1e-9) }
    #expect(costs.promptRows(besides: 1) > 1000)
  }
}
