package import ApusCore

// Weights are read once before their first use, to see what is wrong with them, and their digest is taken in the same
// pass, so that a file that was touched later can be compared with what was used. Of a stack only the matrices that
// are used are read: experts that no token was sent to stay on the disk.

extension CPUBackend {
  package func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError) {
    try verify(weight.cpu.matrices, scrutiny)
  }

  package func isUnchanged(_ weight: Weight) -> Bool {
    let weight = weight.cpu
    let used = weight.matrices.filter { weight.digests[$0.index] != 0 }
    return zip(used, read(used, looksAtValues: false)).allSatisfy { weight.digests[$0.index] == $1.digest }
      && weight.rowDigests.allSatisfy { contentDigest(of: weight.bytes(of: $0..<$0 + 1), at: 0) == $1 }
  }

  /// Looks at all of a weight the first time that it is used; false (and a failure kept) where something is wrong.
  func verify(_ weight: CPUWeight) -> Bool {
    !weight.digests.contains(0) || verify(weight.matrices)
  }

  /// The same for some matrices of stacks.
  func verify(_ matrices: [CPUMatrix]) -> Bool {
    let new = matrices.filter { $0.weight.digests[$0.index] == 0 }
    if new.isEmpty { return true }
    do throws(BackendError) {
      try verify(new, .loading)
      return true
    } catch {
      fail(error)
      return false
    }
  }

  /// What is wrong with one row of a table of which not all is used; it is looked at the first time only.
  func damage(of table: CPUWeight, row: Int) -> BackendError? {
    if table.digests[0] != 0 || table.rowDigests[row] != nil { return nil }
    let path = table.source.file.path
    guard CPUMatrix(weight: table, index: 0).firstNonFinite(row..<row + 1) == nil else {
      return .nonFiniteWeight(name: table.name, row: row, path: path)
    }
    if let range = table.source.lostBytes(around: row) {
      return .lostBytes(name: table.name, range: range, path: path)
    }
    table.rowDigests[row] = contentDigest(of: table.bytes(of: row..<row + 1), at: 0)
    return nil
  }

  /// Whether nothing is wrong with a whole table; one that is sound is looked at once, another one each time.
  func isSound(_ table: CPUWeight) -> Bool {
    table.digests[0] != 0 || damage(of: table.matrices, .loading).allSatisfy { $0 == nil }
  }

  /// What is wrong with the part of a table that one of `count` experts has: a row of biases, or one value of the only
  /// row, which has all their factors.
  func damage(of table: CPUWeight, expert: Int, count: Int) -> BackendError? {
    if table.rows == count { return damage(of: table, row: expert) }
    let path = table.source.file.path
    guard unsafe table.floats[expert].isFinite else { return .nonFiniteWeight(name: table.name, row: 0, path: path) }
    if let range = table.source.lostBytes(.loading) { return .lostBytes(name: table.name, range: range, path: path) }
    if table.rowDigests[0] == nil { table.rowDigests[0] = contentDigest(of: table.bytes(of: 0..<1), at: 0) }
    return nil
  }

  private func verify(_ matrices: [CPUMatrix], _ scrutiny: Scrutiny) throws(BackendError) {
    for case let error? in damage(of: matrices, scrutiny) { throw error }
  }

  /// What is wrong with each of some matrices; remembers the digests of those with which nothing is.
  func damage(of matrices: [CPUMatrix], _ scrutiny: Scrutiny) -> [BackendError?] {
    zip(matrices, read(matrices, looksAtValues: true)).map { matrix, reading in
      let weight = matrix.weight
      let path = weight.source.file.path
      if let row = reading.badRow {
        return .nonFiniteWeight(name: weight.name, row: matrix.index * weight.rows + row, path: path)
      }
      if let range = matrix.source.lostBytes(scrutiny) {
        return .lostBytes(name: weight.name, range: range, path: path)
      }
      weight.digests[matrix.index] = reading.digest
      return nil
    }
  }

  /// What was found in a matrix, or in a part of one.
  private struct Reading {
    var digest: UInt64 = 0
    /// The first row with a NaN or infinity.
    var badRow: Int?
  }

  /// Rows of a matrix that one thread reads.
  private struct Part {
    let matrix: Int
    let place: Int
    let rows: Range<Int>
  }

  /// Reads all of some matrices, and looks at values that just came into the cache if that is wanted.
  private func read(_ matrices: [CPUMatrix], looksAtValues: Bool) -> [Reading] {
    let parts = Self.parts(of: matrices)
    var readings = [Reading](repeating: Reading(), count: parts.count)
    unsafe readings.withUnsafeMutableBufferPointer { readings in
      pool.run(tiles: parts.count) { tile, _ in
        let part = parts[tile]
        let matrix = matrices[part.matrix]
        let digest = matrix.digest(part.rows, place: part.place)
        unsafe readings[tile] = Reading(
          digest: digest, badRow: looksAtValues ? matrix.firstNonFinite(part.rows) : nil)
      }
    }
    var whole = [Reading](repeating: Reading(), count: matrices.count)
    for (part, reading) in zip(parts, readings) {
      whole[part.matrix].digest &+= reading.digest
      whole[part.matrix].badRow = whole[part.matrix].badRow ?? reading.badRow
    }
    for index in whole.indices { whole[index].digest = max(1, whole[index].digest) }
    return whole
  }

  /// Parts of some 256 KiB.
  private static func parts(of matrices: [CPUMatrix]) -> [Part] {
    matrices.enumerated().flatMap { index, matrix in
      let (rows, step) = (matrix.weight.rows, max(1, (1 << 18) / max(1, matrix.weight.rowByteCount)))
      return stride(from: 0, to: rows, by: step).map { first in
        Part(matrix: index, place: first / step, rows: first..<min(rows, first + step))
      }
    }
  }
}
