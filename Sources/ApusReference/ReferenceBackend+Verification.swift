package import ApusCore

extension ReferenceBackend {
  package func verify(_ weight: Weight, _ scrutiny: Scrutiny) throws(BackendError) {
    for matrix in 0..<weight.count { try verify(weight.reference, matrix: matrix, scrutiny) }
  }

  package func isUnchanged(_ weight: Weight) -> Bool {
    let weight = weight.reference
    return weight.digests.allSatisfy { weight.digest(of: $0) == $1 }
  }

  /// Looks at one matrix of a weight the first time that it is used; throws where it is damaged.
  func check(_ weight: Weight, matrix: Int) throws(BackendError) {
    let weight = weight.reference
    if weight.digests[weight.range(ofMatrix: matrix)] == nil { try verify(weight, matrix: matrix, .loading) }
  }

  /// The same; false (and a failure kept) where it is damaged.
  func isSound(_ weight: Weight, matrix: Int = 0) -> Bool {
    do throws(BackendError) {
      try check(weight, matrix: matrix)
      return true
    } catch {
      fail(error)
      return false
    }
  }

  /// The values of a vector; nil (and a failure kept) where it is damaged.
  func vector(_ weight: Weight) -> [Float]? { isSound(weight) ? weight.reference.row(0) : nil }

  /// One row of a table of which not all is used; throws where that row is damaged.
  func tableRow(_ row: Int, of table: Weight) throws(BackendError) -> [Float] {
    let table = table.reference
    let values = table.row(row)
    let path = table.source.file.path
    guard values.allSatisfy(\.isFinite) else {
      throw .nonFiniteWeight(name: table.source.name, row: row, path: path)
    }
    if let range = table.source.lostBytes(around: row) {
      throw .lostBytes(name: table.source.name, range: range, path: path)
    }
    let start = table.source.byteOffset + row * table.source.rowByteCount
    table.note(start..<start + table.source.rowByteCount)
    return values
  }

  /// Looks at the part of a table that one of `count` experts has, a row of biases or one value of the only row of
  /// factors; throws where it is damaged.
  func check(_ table: Weight, expert: Int, count: Int) throws(BackendError) {
    if table.rows == count {
      _ = try tableRow(expert, of: table)
      return
    }
    let (name, table) = (table.name, table.reference)
    let path = table.source.file.path
    guard table.row(0)[expert].isFinite else { throw .nonFiniteWeight(name: name, row: 0, path: path) }
    if let range = table.source.lostBytes(.loading) { throw .lostBytes(name: name, range: range, path: path) }
    table.note(table.range(ofMatrix: 0))
  }

  private func verify(_ weight: ReferenceWeight, matrix: Int, _ scrutiny: Scrutiny) throws(BackendError) {
    let path = weight.source.file.path
    for row in 0..<weight.source.rows where !weight.row(row, of: matrix).allSatisfy(\.isFinite) {
      throw .nonFiniteWeight(name: weight.source.name, row: matrix * weight.source.rows + row, path: path)
    }
    if let range = weight.matrix(matrix).lostBytes(scrutiny) {
      throw .lostBytes(name: weight.source.name, range: range, path: path)
    }
    weight.note(weight.range(ofMatrix: matrix))
  }
}

extension ReferenceWeight {
  /// Where a matrix lies in the file.
  func range(ofMatrix index: Int) -> Range<Int> {
    let start = source.byteOffset + index * source.matrixStride
    return start..<start + source.matrixByteCount
  }

  func digest(of range: Range<Int>) -> UInt64 {
    let file = source.file
    return contentDigest(of: file.bytes.extracting(range), at: 0)
  }

  /// Remembers what was used, as it is now.
  func note(_ range: Range<Int>) {
    if digests[range] == nil { digests[range] = digest(of: range) }
  }
}
