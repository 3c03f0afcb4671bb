internal import ApusBenchmark
internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusText

/// Writes the results of `bench`, each when it is there.
struct BenchReport {
  private let format: ReportFormat
  private let plan: BenchmarkPlan
  private let output: Output
  private let columns: [BenchColumn]
  private let table: GrowingTable
  private var isFirst = true

  /// A report of `plan`; without limits it has no column for them.
  init(_ format: ReportFormat, _ plan: BenchmarkPlan, hasLimits: Bool, to output: Output) {
    self.format = format
    self.plan = plan
    self.output = output
    columns = BenchColumn.all(plan, hasLimits: hasLimits)
    table = GrowingTable(columns.map(\.column), isMarkdown: format == .markdown)
  }

  /// Says what the machine can do.
  func begin(_ limits: [MachineLimits], repetitions: Int) throws(OutputError) {
    guard format == .table || format == .markdown else { return }
    let times = repetitions == 1 ? "one run" : "medians of \(repetitions) runs"
    try output.writeLine("\(Processor.name): \(times)")
    for limits in limits { try output.writeLine(limits.sentence) }
    try output.flush()
  }

  /// Says which model comes now.
  func begin(_ model: ModelFile) throws(OutputError) {
    guard format == .table || format == .markdown else { return }
    let name = printable(model.name ?? model.path, limit: 80)
    let size = "\(readable(bytes: model.byteCount)), \(readable(count: model.parameterCount)) parameters"
    let constants = BenchColumn.constants(plan)
    try output.writeLine("\n\(name): \(BenchRecord.format(of: model)), \(size); \(constants)\n")
    for line in table.header { try output.writeLine(line) }
    try output.flush()
  }

  mutating func add(_ record: BenchRecord) throws(OutputError) {
    switch format {
    case .table, .markdown: try output.writeLine(table.line(columns.map { $0.cell(record) }))
    case .json: try output.writeLine(record.fields.json)
    case .csv:
      if isFirst { try output.writeLine(record.fields.csvHeader) }
      try output.writeLine(record.fields.csv)
    }
    isFirst = false
    try output.flush()
  }
}

/// A column of the table: of what a setup can be, only what differs between the results has one.
private struct BenchColumn {
  let column: GrowingTable.Column
  let cell: (BenchRecord) -> String

  init(
    _ title: String, width: Int = 0, _ alignment: Table.Alignment = .right, _ cell: @escaping (BenchRecord) -> String
  ) {
    column = .init(title, width: width, alignment)
    self.cell = cell
  }

  static func all(_ plan: BenchmarkPlan, hasLimits: Bool) -> [BenchColumn] {
    let width = plan.tests.map(\.name.count).max() ?? 0
    let test = BenchColumn("test", width: width, .left) { $0.result.test.name }
    return [test] + dimensions(plan).filter { $0.values.count > 1 }.map(\.column) + figures
      + (hasLimits ? [ofTheLimit] : [])
  }

  /// The dimensions without a column, in words.
  static func constants(_ plan: BenchmarkPlan) -> String {
    dimensions(plan).filter { $0.values.count == 1 }.map { "\($0.column.column.title) \($0.values[0])" }
      .joined(separator: ", ")
  }

  private static func dimensions(_ plan: BenchmarkPlan) -> [(values: [String], column: BenchColumn)] {
    let kernels = plan.kernels.map(\.count).max() ?? 0
    return [
      (plan.kernels, BenchColumn("kernels", width: kernels, .left) { $0.result.setup.kernels }),
      (plan.threads.map(String.init), BenchColumn("threads") { "\($0.result.setup.threads)" }),
      (plan.batchRows.map(String.init), BenchColumn("batch", width: 5) { "\($0.result.setup.batchRows)" }),
      (plan.kvFormats.map(\.rawValue), BenchColumn("KV", width: 4, .left) { $0.result.setup.kvFormat.rawValue }),
    ]
  }

  private static var figures: [BenchColumn] {
    [
      BenchColumn("tok/s", width: 8) { fixed($0.result.tokensPerSecond.median, 2) },
      BenchColumn("min", width: 8) { fixed($0.result.tokensPerSecond.minimum, 2) },
      BenchColumn("max", width: 8) { fixed($0.result.tokensPerSecond.maximum, 2) },
      BenchColumn("weights MB/tok") { fixed($0.result.weightBytesPerToken / 1e6, 2) },
      BenchColumn("KV MB/tok") { fixed($0.result.kvBytesPerToken / 1e6, 2) },
      BenchColumn("GB/s", width: 6) { fixed($0.result.bytesPerSecond / 1e9, 2) },
      BenchColumn("Gop/s", width: 7) { fixed($0.result.operationsPerSecond / 1e9, 1) },
    ]
  }

  private static var ofTheLimit: BenchColumn {
    BenchColumn("of the limit", width: 16, .left) { record in
      guard let (share, bound) = record.limits.flatMap(record.result.share) else { return "" }
      let percent = fixed(share * 100, 0)
      return String(repeating: " ", count: max(0, 3 - percent.count)) + "\(percent) % \(bound.rawValue)"
    }
  }
}

extension MachineLimits {
  /// The limits in one line.
  fileprivate var sentence: String {
    let rate = { (path: Path?) in fixed((path?.operationsPerSecond ?? 0) / 1e9, 0) }
    return "\(readable(threads: threads)): reads \(fixed(bytesPerSecond / 1e9, 1)) GB/s, "
      + "int8 \(rate(peak(.int8))) Gop/s, float32 \(rate(peak(.float32))) Gflop/s at most"
  }
}
