package import ApusCore
internal import Synchronization

// Weights are read once before their first use, to see what is wrong with them, and their digest is taken in the same
// pass, so that a file that was touched later can be compared with what was used.

extension CPUBackend {
  package func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError) {
    try verify(weight.cpu, scrutiny)
  }

  package func isUnchanged(_ weight: Weight) -> Bool {
    let weight = weight.cpu
    let digest = weight.digest.load(ordering: .relaxed)
    return (digest == 0 || self.digest(of: weight) { _ in } == digest)
      && weight.rowDigests.allSatisfy { contentDigest(of: weight.bytes(of: $0..<$0 + 1), at: 0) == $1 }
  }

  /// Looks at all of a weight the first time that it is used; false (and a failure kept) where something is wrong.
  func verify(_ weight: CPUWeight) -> Bool {
    if weight.digest.load(ordering: .relaxed) != 0 { return true }
    do throws(BackendError) {
      try verify(weight, .loading)
      return true
    } catch {
      fail(error)
      return false
    }
  }

  /// What is wrong with one row of a table of which not all is used; it is looked at the first time only.
  func damage(of table: CPUWeight, row: Int) -> BackendError? {
    if table.digest.load(ordering: .relaxed) != 0 || table.rowDigests[row] != nil { return nil }
    let path = table.source.file.path
    guard isFinite(table, row: row) else { return .nonFiniteWeight(name: table.name, row: row, path: path) }
    if let range = table.source.lostBytes(around: row) {
      return .lostBytes(name: table.name, range: range, path: path)
    }
    table.rowDigests[row] = contentDigest(of: table.bytes(of: row..<row + 1), at: 0)
    return nil
  }

  private func verify(_ weight: CPUWeight, _ scrutiny: Scrutiny) throws(BackendError) {
    let firstBad = Atomic<Int>(.max)
    let digest = digest(of: weight) { rows in
      if let row = rows.first(where: { !isFinite(weight, row: $0) }) { firstBad.min(row, ordering: .relaxed) }
    }
    let row = firstBad.load(ordering: .relaxed)
    let path = weight.source.file.path
    if row != .max { throw .nonFiniteWeight(name: weight.name, row: row, path: path) }
    if let range = weight.source.lostBytes(scrutiny) { throw .lostBytes(name: weight.name, range: range, path: path) }
    weight.digest.store(digest, ordering: .relaxed)
  }

  private func isFinite(_ weight: CPUWeight, row: Int) -> Bool {
    unsafe Kernels.firstNonFinite(weight.format, weight.row(row), blocks: weight.blocksPerRow) == nil
  }

  /// Reads all of a weight, and calls `look` with rows that just came into the cache.
  private func digest(of weight: CPUWeight, _ look: (Range<Int>) -> Void) -> UInt64 {
    let sum = Atomic<UInt64>(0)
    let tileRows = max(1, (1 << 18) / max(1, weight.rowByteCount))
    pool.run(tiles: (weight.rows + tileRows - 1) / tileRows) { tile, _ in
      let rows = tile * tileRows..<min(weight.rows, (tile + 1) * tileRows)
      sum.wrappingAdd(contentDigest(of: weight.bytes(of: rows), at: tile), ordering: .relaxed)
      look(rows)
    }
    return max(1, sum.load(ordering: .relaxed))
  }
}
