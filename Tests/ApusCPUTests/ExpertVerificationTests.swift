internal import ApusCPU
internal import ApusCore
internal import ApusTestSupport
internal import Testing

/// Experts are looked at when they are first used, each by itself.
struct ExpertVerificationTests {
  private static let shape = ExpertCase.Shape(hidden: 32, inner: 1_056, experts: 4, used: 1, rows: 12)

  private static func layer() throws -> ExpertCase { try ExpertCase(shape, ExpertCase.Formats(.f32)) }

  /// The rows of the case that go to `expert`.
  private static func rows(of layer: ExpertCase, to expert: Int) -> [Int] {
    (0..<layer.shape.rows).filter { layer.choice($0)[0].expert == expert }
  }

  /// The first of them.
  private static func rows(_ layer: ExpertCase, to expert: Int) throws -> Range<Int> {
    let row = try #require(rows(of: layer, to: expert).first)
    return row..<row + 1
  }

  /// Puts `bytes` into row 5 of an expert's up matrix.
  private static func damage(_ layer: ExpertCase, _ expert: Int, _ bytes: [UInt8]) throws {
    let source = try layer.source("up")
    try layer.overwrite("up", at: expert * source.matrixStride + 5 * source.rowByteCount, with: bytes)
  }

  @Test("A NaN in an expert fails the rows that are sent to it, and changes no bit of others")
  func notANumber() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    try Self.damage(layer, 2, Float.nan.littleEndianBytes)
    let weights = try layer.weights(backend)
    let y = try layer.run(backend, rows: Self.rows(layer, to: 1), weights)
    #expect(y.allSatisfy { $0.isFinite })
    let path = try layer.source("up").file.path
    let error = BackendError.nonFiniteWeight(name: "up", row: 2 * Self.shape.inner + 5, path: path)
    let (all, failures) = try layer.step(backend, weights)
    #expect(failures == Self.rows(of: layer, to: 2).map { RowFailure(row: $0, error: error) })
    let first = try Self.rows(layer, to: 1).lowerBound * Self.shape.hidden
    #expect(Array(all[first..<first + Self.shape.hidden]) == y)
  }

  @Test("An expert that storage has lost fails the rows that are sent to it")
  func lost() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    let source = try layer.source("down")
    let zeros = [UInt8](repeating: 0, count: source.matrixByteCount)
    try layer.overwrite("down", at: 3 * source.matrixStride, with: zeros)
    let weights = try layer.weights(backend)
    let lost = 3 * source.matrixStride..<4 * source.matrixStride
    let error = BackendError.lostBytes(name: "down", range: lost, path: source.file.path)
    let failures = try layer.step(backend, weights).failures
    #expect(failures == Self.rows(of: layer, to: 3).map { RowFailure(row: $0, error: error) })
  }

  @Test("Whether a file was changed is asked of the experts that were used")
  func changed() throws {
    let layer = try Self.layer(), backend = try TestBackend.make()
    let weights = try layer.weights(backend)
    _ = try layer.run(backend, rows: Self.rows(layer, to: 1), weights)
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
