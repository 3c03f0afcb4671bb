internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// A Q8_0 weight with rows of 102 bytes at byte 32 of its file, no byte of it zero but those of `zeros`.
private struct StoredWeight {
  static let rowByteCount = 102
  static let offset = 32
  private let folder: TemporaryFolder
  let source: WeightSource

  init(rows: Int = 4000, zeros: Range<Int>, role: WeightRole = .matrix) throws {
    folder = try TemporaryFolder()
    var bytes = (0..<Self.offset + rows * Self.rowByteCount).map { UInt8(1 + $0 % 255) }
    for index in zeros { bytes[Self.offset + index] = 0 }
    let file = try MappedFile(path: folder.write(bytes, to: "weight"))
    var source = WeightSource(
      name: "w", file: file, byteOffset: Self.offset, format: .q8_0, rows: rows, columns: 96)
    source.role = role
    self.source = source
  }
}

@Suite struct LostBytesTests {
  private static let row = StoredWeight.rowByteCount

  @Test func `A weight without zeros has lost nothing`() throws {
    let weight = try StoredWeight(zeros: 0..<0)
    #expect(weight.source.lostBytes(.loading) == nil && weight.source.lostBytes(.checking) == nil)
  }

  @Test func `A hole is found by loading wherever it lies`() throws {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<20 {
      let start = Int.random(in: 0..<200_000, using: &generator) / 4096 * 4096 + 4064
      let zeros = start..<start + 131_072
      let found = try StoredWeight(zeros: zeros).source.lostBytes(.loading)
      #expect(found == zeros.lowerBound + StoredWeight.offset..<zeros.upperBound + StoredWeight.offset)
    }
  }

  @Test func `An end that was never written is found`() throws {
    let zeros = 250_000..<4000 * Self.row
    #expect(try StoredWeight(zeros: zeros).source.lostBytes(.loading)?.count == zeros.count)
    #expect(try StoredWeight(zeros: zeros).source.lostBytes(.checking)?.count == zeros.count)
  }

  @Test func `One page is found by a check`() throws {
    let page = 8192 - StoredWeight.offset..<12_288 - StoredWeight.offset
    let weight = try StoredWeight(zeros: page)
    #expect(weight.source.lostBytes(.loading) == nil)
    #expect(weight.source.lostBytes(.checking) == 8192..<12_288)
    // The same number of zeros across two pages is no page.
    let across = page.lowerBound + 500..<page.upperBound + 400
    #expect(try StoredWeight(zeros: across).source.lostBytes(.checking) == nil)
  }

  @Test func `A weight of nothing but zeros is lost, a bias is not`() throws {
    for rows in [1, 10, 4000] {
      let weight = try StoredWeight(rows: rows, zeros: 0..<rows * Self.row)
      #expect(weight.source.lostBytes(.loading)?.count == rows * Self.row)
      #expect(weight.source.lostBytes(.checking)?.count == rows * Self.row)
      let bias = try StoredWeight(rows: rows, zeros: 0..<rows * Self.row, role: .bias)
      #expect(bias.source.lostBytes(.loading) == nil && bias.source.lostBytes(.checking) == nil)
      #expect(bias.source.lostBytes(around: 0) == nil)
    }
  }

  @Test func `Rows that were pruned load, up to a quarter, and are told by a check`() throws {
    let some = try StoredWeight(zeros: 1000 * Self.row..<1900 * Self.row)
    #expect(some.source.lostBytes(.loading) == nil && some.source.lostBytes(.checking) != nil)
    let many = try StoredWeight(zeros: 1000 * Self.row..<2100 * Self.row)
    #expect(many.source.lostBytes(.loading) != nil)
  }

  @Test func `Rows of spare tokens may be zero, rows of words may not`() throws {
    let rows = 1000..<2100
    let zeros = rows.lowerBound * Self.row..<rows.upperBound * Self.row
    for spare in [Set(rows), nil] {
      let weight = try StoredWeight(zeros: zeros, role: .vocabulary(spare: spare))
      #expect(weight.source.lostBytes(.loading) == nil && weight.source.lostBytes(.checking) == nil)
      #expect(weight.source.lostBytes(around: 1500) == nil)
    }
    let words = try StoredWeight(zeros: zeros, role: .vocabulary(spare: [0]))
    #expect(words.source.lostBytes(.loading) != nil && words.source.lostBytes(.checking) != nil)
    #expect(words.source.lostBytes(around: 1500)?.count == zeros.count)
    #expect(words.source.lostBytes(around: 10) == nil)
  }

  @Test func `A hole in rows of spare tokens is found, because it cuts rows`() throws {
    let zeros = 102_050..<250_050
    let weight = try StoredWeight(zeros: zeros, role: .vocabulary(spare: Set(0..<4000)))
    #expect(weight.source.lostBytes(.loading)?.count == zeros.count)
    #expect(weight.source.lostBytes(.checking)?.count == zeros.count)
  }
}
