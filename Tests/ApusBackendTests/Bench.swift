internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Synchronization
internal import Testing

/// A backend, weights and buffers full of random values for it: two benches of one seed have the same values.
final class Bench {
  let backend: any Backend
  private let folder: TemporaryFolder
  private var files = 0
  var generator: SeededGenerator

  init(_ backend: any Backend, seed: UInt64) throws {
    self.backend = backend
    folder = try TemporaryFolder()
    generator = SeededGenerator(seed: seed)
  }

  /// A weight of these bytes.
  func weight(
    _ format: TensorFormat = .f32, count: Int = 1, rows: Int, columns: Int, bytes: [UInt8]
  ) throws -> Weight {
    try backend.makeWeight(source(format, count: count, rows: rows, columns: columns, bytes: bytes))
  }

  /// The same, before a backend takes it.
  func source(
    _ format: TensorFormat = .f32, count: Int = 1, rows: Int, columns: Int, bytes: [UInt8]
  ) throws -> WeightSource {
    files += 1
    // An offset of its own: kernels must not count on more than the file format promises.
    let path = try folder.write([UInt8](repeating: 0xA5, count: 32) + bytes, to: "\(files)")
    return WeightSource(
      name: "weight \(files)", file: try MappedFile(path: path), byteOffset: 32, format: format, count: count,
      rows: rows, columns: columns)
  }

  /// A weight of random values.
  func weight(_ format: TensorFormat = .f32, count: Int = 1, rows: Int, columns: Int) throws -> Weight {
    let bytes = RandomTensor.bytes(format, elements: count * rows * columns, using: &generator)
    return try weight(format, count: count, rows: rows, columns: columns, bytes: bytes)
  }

  /// A weight of these values.
  func weight(values: [Float], count: Int = 1, rows: Int = 1) throws -> Weight {
    try weight(
      count: count, rows: rows, columns: values.count / rows / count, bytes: values.flatMap(\.littleEndianBytes))
  }

  /// A vector of random values about 1.
  func vector(_ count: Int) throws -> Weight {
    try weight(values: RandomTensor.floats(count, in: 0.5...1.5, using: &generator))
  }

  /// A buffer of these values; it could hold more.
  func buffer(values: [Float], rows: Int) throws -> Buffer {
    let columns = rows == 0 ? 8 : values.count / rows
    let buffer = try backend.makeBuffer(rows: rows + 1, columns: columns + 3)
    buffer.reshape(rows: rows, columns: columns)
    if rows == 0 { return buffer }
    let table = try weight(values: values, rows: rows)
    try step { backend.embed((0..<Int32(rows)).map { $0 }, from: table, into: buffer) }
    return buffer
  }

  /// A buffer of random values.
  func buffer(rows: Int, columns: Int, scale: Float = 1) throws -> Buffer {
    if rows > 0 { return try buffer(values: generator.normals(rows * columns, scale: scale), rows: rows) }
    let buffer = try backend.makeBuffer(rows: 1, columns: columns)
    buffer.reshape(rows: 0, columns: columns)
    return buffer
  }

  /// A step that must succeed.
  func step(_ batch: AttentionBatch = AttentionBatch(), _ body: () throws -> Void) throws {
    backend.begin(batch)
    do { try body() } catch {
      _ = try? backend.finish()
      throw error
    }
    let failures = try backend.finish()
    #expect(failures.isEmpty)
  }

  /// All values of a buffer.
  func read(_ x: Buffer) -> [Float] {
    var values = [Float](repeating: .nan, count: x.rows * x.columns)
    var span = values.mutableSpan
    backend.read(x, rows: 0..<x.rows, into: &span)
    return values
  }
}

/// How far a backend's results may be from the reference's.
enum Tolerance {
  /// So much times the largest value expected.
  case ofPeak(Float)
  /// So much times the root of the mean square of what is expected, for the root of the mean square of differences;
  /// ten times as much for a single value.
  case ofMeanSquare(Float)

  /// What is wrong; nil if nothing is.
  func fault(_ found: [Float], _ expected: [Float]) -> String? {
    guard found.count == expected.count else { return "\(found.count) values instead of \(expected.count)" }
    let differences = zip(found, expected).map { Double(abs($0 - $1)) }
    guard let worst = differences.indices.max(by: { differences[$0].rank < differences[$1].rank }) else { return nil }
    let limit: Double
    switch self {
    case .ofPeak(let share): limit = Double(share) * Double(expected.map(abs).max() ?? 0)
    case .ofMeanSquare(let share):
      limit = 10 * Double(share) * expected.meanSquareRoot
      let mean = differences.meanSquareRoot
      if !(mean <= limit / 10) { return "mean square difference \(mean), allowed \(limit / 10)" }
    }
    if differences[worst] <= limit { return nil }
    return "value \(worst) is \(found[worst]) instead of \(expected[worst]), allowed \(limit)"
  }
}

extension Double {
  /// NaN above all.
  fileprivate var rank: Double { isNaN ? .infinity : self }
}

extension Sequence where Element: BinaryFloatingPoint {
  fileprivate var meanSquareRoot: Double {
    var (sum, count) = (0.0, 0)
    for value in self { (sum, count) = (sum + Double(value) * Double(value), count + 1) }
    return count == 0 ? 0 : (sum / Double(count)).squareRoot()
  }
}

/// What the reference gave, for all subjects that are compared with it.
private let expectations = Mutex<[String: [Float]]>([:])

/// Runs `body` on a new backend of `subject` and on the reference, with the same random values, and compares.
///
/// `title` tells one comparison of a test from its others.
func compare(
  _ subject: Subject, _ tolerance: Tolerance, _ title: String, seed: UInt64 = 1,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (Bench) throws -> [Float]
) throws {
  let key = "\(sourceLocation.fileID):\(sourceLocation.line) \(title)"
  let expected = try expectations.withLock { $0[key] } ?? body(Bench(ReferenceBackend(), seed: seed))
  expectations.withLock { $0[key] = expected }
  let found = try body(Bench(subject.make(), seed: seed))
  if let fault = tolerance.fault(found, expected) { Issue.record("\(title): \(fault)", sourceLocation: sourceLocation) }
}

/// The bits of values, for comparisons that allow no difference.
func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }
