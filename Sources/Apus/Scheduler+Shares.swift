// How the rows of a step are divided.

extension Scheduler {
  /// How many rows a sequence is offered.
  struct Share {
    let id: Int
    var rows: Int
  }

  /// What running sequences are offered of a step, the most urgent first.
  ///
  /// Those in decode get a row each. Half of the rest is divided evenly between prompts, the other half goes to the
  /// most urgent of them, and what one does not need to the next. Where there are fewer rows than sequences, those get
  /// one that have waited longest. `waiters` get nothing. Whole sequences have no even share, as short ones would keep
  /// long ones waiting.
  func shares(of budget: Int, promptRows: Int, without waiters: Set<Int>) -> [Share] {
    let chosen = longestWaiting(running.indices.filter { !waiters.contains(running[$0].id) }, budget)
    let decoding = chosen.filter { running[$0].isDecoding }
    var rest = budget - decoding.count
    if !decoding.isEmpty { rest = min(rest, max(1, promptRows)) }
    let prompts = longestWaiting(chosen.filter { !running[$0].isDecoding }, rest)
    let all = decoding.map { ($0, 1) } + divide(rest, between: prompts)
    return all.sorted { $0.0 < $1.0 }.map { Share(id: running[$0.0].id, rows: $0.1) }
  }

  private func divide(_ rows: Int, between prompts: [Int]) -> [(index: Int, rows: Int)] {
    let even = max(1, rows / 2 / max(1, prompts.count))
    var shares = prompts.map { (index: $0, rows: running[$0].isWhole ? 0 : running[$0].rows(of: even)) }
    var left = rows - shares.reduce(0) { $0 + $1.rows }
    for number in shares.indices {
      let (index, own) = shares[number]
      shares[number].rows = running[index].rows(of: own + left)
      left -= shares[number].rows - own
    }
    return shares
  }

  /// The `count` of these that were last offered rows the longest ago, the most urgent first.
  private func longestWaiting(_ indices: [Int], _ count: Int) -> [Int] {
    guard indices.count > count else { return indices }
    let order = indices.sorted { (running[$0].lastStep, $0) < (running[$1].lastStep, $1) }
    return order.prefix(count).sorted()
  }
}
