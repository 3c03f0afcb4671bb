/// What zeros in a weight can mean.
package enum WeightRole: Sendable {
  /// A matrix, or a norm's factors.
  case matrix
  /// A matrix with a row for each token. Rows of the `spare` ones, which no plain text has, are often not trained and
  /// zero; nil where the file does not tell which those are.
  case vocabulary(spare: Set<Int>?)
  /// What is added: may be all zero.
  case bias
}

/// How closely a weight is looked at.
package enum Scrutiny: Sendable {
  /// When it is first used: no false alarm, whatever was pruned or padded.
  case loading
  /// When its file is checked: what a person should look at.
  case checking
}

// Storage loses whole pages of a file: what a copy that was cut short never wrote, or a hole. Training and pruning
// leave zeros too, but whole rows of a weight, and pages seldom begin and end where rows do. So a run of zeros that
// cuts a row is taken for a loss. Of whole rows, loading accepts up to a quarter of a matrix (heads or neurons that
// were pruned, or padded for other machines), and a check only a few untrained tokens.

extension WeightSource {
  /// The first zero bytes that storage rather than the model has made, in bytes of the file; nil for none.
  package func lostBytes(_ scrutiny: Scrutiny) -> Range<Int>? {
    if case .bias = role { return nil }
    let minimum = min(byteCount, scrutiny == .loading ? Self.leastLoss : Self.page)
    var start = 0
    while let run = ZeroRun.first(in: bytes, from: start, minimum: max(16, minimum)) {
      if isLoss(run, scrutiny) { return inFile(run) }
      start = run.upperBound
    }
    return nil
  }

  /// The same for the zeros around `row` alone, as loading has it; nil also where the row is not zero.
  package func lostBytes(around row: Int) -> Range<Int>? {
    if case .bias = role { return nil }
    let range = row * rowByteCount..<(row + 1) * rowByteCount
    let row = bytes.extracting(range)
    guard ZeroRun.around(0..<0, in: row).count == row.byteCount else { return nil }
    let run = ZeroRun.around(range, in: bytes)
    return run.count >= Self.leastLoss && isLoss(run, .loading) ? inFile(run) : nil
  }

  /// Far more than values that happen to be zero take, far less than what a copy that was cut short lacks.
  private static let leastLoss = 64 << 10
  /// What file systems keep and lose at the least.
  private static let page = 4096
  /// Plain tokens without training that may stand side by side.
  private static let untrainedTokens = 4

  /// The bytes of the weight.
  private var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let span = file.bytes.extracting(byteOffset..<byteOffset + byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  private func inFile(_ run: Range<Int>) -> Range<Int> { byteOffset + run.lowerBound..<byteOffset + run.upperBound }

  private func isLoss(_ run: Range<Int>, _ scrutiny: Scrutiny) -> Bool {
    if run.count == byteCount { return true }
    if scrutiny == .checking, !holdsPage(run) { return false }
    guard let zeroRows = wholeRows(of: run) else { return true }
    var plain = zeroRows.count
    if case .vocabulary(let spare) = role {
      plain = spare.map { spare in zeroRows.count { !spare.contains($0) } } ?? 0
      if scrutiny == .checking { return plain > Self.untrainedTokens }
    }
    return scrutiny == .checking || plain > rows / 4
  }

  /// Whether a page of the file lies in the run.
  private func holdsPage(_ run: Range<Int>) -> Bool {
    let run = inFile(run)
    let first = (run.lowerBound + Self.page - 1) / Self.page * Self.page
    return first + Self.page <= run.upperBound
  }

  /// The rows that the run consists of, but for zeros beside them that a value has by chance; nil where it cuts a row.
  private func wholeRows(of run: Range<Int>) -> Range<Int>? {
    let slack = max(32, format.blockByteCount)
    let first = (run.lowerBound + rowByteCount - 1) / rowByteCount
    let end = run.upperBound / rowByteCount
    guard first < end, first * rowByteCount - run.lowerBound <= slack, run.upperBound - end * rowByteCount <= slack
    else { return nil }
    return first..<end
  }
}
