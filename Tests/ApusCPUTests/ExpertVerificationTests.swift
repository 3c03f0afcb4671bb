internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Experts are looked at when they are first used, each by itself.
struct ExpertVerificationTests {
  private static let shape = ExpertCase.Shape(hidden: 32, inner: 1_056, experts: 4, used: 2, rows: 24)

  private static func layer() throws -> ExpertCase { try ExpertCase(shape, ExpertCase.Formats(.f32)) }

  /// The rows of the case that go to `expert`, each to another one too.
  private static func rows(of layer: ExpertCase, to expert: Int) -> [Int] {
    (0..<layer.shape.rows).filter { row in layer.choice(row).contains { $0.expert == expert } }
  }

  /// The first of them that does not go to `other`.
  private static func row(of layer: ExpertCase, to expert: Int, butNot other: Int) throws -> Range<Int> {
    let excluded = rows(of: layer, to: other)
    let suitable = rows(of: layer, to: expert).filter { !excluded.contains($0) }
    let row = try #require(suitable.first)
    return row..<row + 1
  }

  private static func bits(_ y: [Float], row: Int) -> [UInt32] {
    y[row * shape.hidden..<(row + 1) * shape.hidden].map(\.bitPattern)
  }

  /// Expects that the rows that did not fail are as they were `before`.
  private static func expectOthersUnchanged(_ y: [Float], since before: [Float], _ failures: [RowFailure]) {
    let failed = failures.map(\.row)
    let others = (0..<shape.rows).filter { !failed.contains($0) }
    #expect(!failed.isEmpty && !others.isEmpty)
    for row in others { #expect(bits(y, row: row) == bits(before, row: row), "row \(row)") }
  }

  /// Puts `bytes` into row 5 of an expert's up matrix.
  private static func damage(_ layer: ExpertCase, _ expert: Int, _ bytes: [UInt8]) throws {
    let source = try layer.source("up")
    try layer.overwrite("up", at: expert * source.matrixStride + 5 * source.rowByteCount, with: bytes)
  }

  @Test("A NaN in an expert fails the rows that are sent to it, and changes no bit of others")
  func notANumber() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    let before = try layer.run(backend)
    #expect(before.allSatisfy { $0.isFinite })
    try Self.damage(layer, 2, Float.nan.littleEndianBytes)
    let weights = try layer.weights(backend)
    let row = try Self.row(of: layer, to: 1, butNot: 2)
    let y = try layer.run(backend, rows: row, weights)
    #expect(Self.bits(y, row: 0) == Self.bits(before, row: row.lowerBound))
    let path = try layer.source("up").file.path
    let error = BackendError.nonFiniteWeight(name: "up", row: 2 * Self.shape.inner + 5, path: path)
    let (all, failures) = try layer.step(backend, weights)
    #expect(failures == Self.rows(of: layer, to: 2).map { RowFailure(row: $0, error: error) })
    Self.expectOthersUnchanged(all, since: before, failures)
  }

  @Test("An expert that storage has lost fails the rows that are sent to it")
  func lost() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    let before = try layer.run(backend)
    let source = try layer.source("down")
    let zeros = [UInt8](repeating: 0, count: source.matrixByteCount)
    try layer.overwrite("down", at: 3 * source.matrixStride, with: zeros)
    let weights = try layer.weights(backend)
    let lost = 3 * source.matrixStride..<4 * source.matrixStride
    let error = BackendError.lostBytes(name: "down", range: lost, path: source.file.path)
    let (y, failures) = try layer.step(backend, weights)
    #expect(failures == Self.rows(of: layer, to: 3).map { RowFailure(row: $0, error: error) })
    Self.expectOthersUnchanged(y, since: before, failures)
  }

  @Test("Whether a file was changed is asked of the experts that were used")
  func changed() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    let weights = try layer.weights(backend)
    _ = try layer.run(backend, rows: Self.row(of: layer, to: 1, butNot: 2), weights)
    #expect(backend.isUnchanged(weights.up))
    try Self.damage(layer, 2, [1, 2, 3, 4])
    #expect(backend.isUnchanged(weights.up))
    try Self.damage(layer, 1, [1, 2, 3, 4])
    #expect(!backend.isUnchanged(weights.up))
  }

  @Test("A check looks at all experts")
  func check() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    try backend.verify(layer.weights(backend).up, .checking)
    try Self.damage(layer, 3, Float.infinity.littleEndianBytes)
    #expect(throws: BackendError.self) { try backend.verify(layer.weights(backend).up, .checking) }
  }
}
