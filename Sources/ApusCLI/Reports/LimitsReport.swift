internal import ApusBenchmark
internal import ApusCPU
internal import ApusJSON

/// What the machine can do, as `bench --limits` shows it.
struct LimitsReport {
  private let limits: [MachineLimits]

  /// A report of at least one measurement, all of the same machine.
  init(_ limits: [MachineLimits]) { self.limits = limits }

  func write(as format: ReportFormat, to output: Output) throws(OutputError) {
    let records = limits.flatMap { limits in Self.rows(limits).map { $0.fields(threads: limits.threads) } }
    switch format {
    case .table, .markdown: try writeTable(isMarkdown: format == .markdown, to: output)
    case .json: for record in records { try output.writeLine(record.json) }
    case .csv:
      if let first = records.first { try output.writeLine(first.csvHeader) }
      for record in records { try output.writeLine(record.csv) }
    }
    try output.flush()
  }

  /// A row for each limit, and for each number of threads its median and its best.
  private func writeTable(isMarkdown: Bool, to output: Output) throws(OutputError) {
    let rows = limits.map(Self.rows)
    var columns: [GrowingTable.Column] = [
      .init("limit", width: rows[0].map(\.name.count).max() ?? 0, .left), .init("unit", width: 7, .left),
    ]
    for limits in limits {
      columns += [
        .init(readable(threads: limits.threads), width: 9), .init("best", width: 8),
      ]
    }
    let table = GrowingTable(columns, isMarkdown: isMarkdown)
    try output.writeLine("\(Processor.name): median and best of \(limits[0].readRuns.values.count) runs\n")
    for line in table.header { try output.writeLine(line) }
    for index in rows[0].indices {
      let cells = rows.flatMap { rows in
        [rows[index].samples.median, rows[index].samples.maximum].map { fixed($0 / 1e9, 1) }
      }
      try output.writeLine(table.line([rows[0][index].name, rows[0][index].unit] + cells))
    }
  }

  private static func rows(_ limits: MachineLimits) -> [Row] {
    let name = "read \(readable(bytes: limits.readByteCount))"
    return [Row(name: name, kind: "memory", unit: "GB/s", samples: limits.readRuns)]
      + limits.paths.map { path in
        Row(
          name: "\(path.loop.kind.rawValue) \(path.loop.name)", kind: path.loop.kind.rawValue,
          unit: path.loop.kind == .int8 ? "Gop/s" : "Gflop/s", samples: path.runs)
      }
  }

  private struct Row {
    let name: String
    let kind: String
    let unit: String
    /// Per second, without prefix.
    let samples: Samples

    func fields(threads: Int) -> Fields {
      Fields([
        ("limit", .string(name)), ("kind", .string(kind)), ("cpu", .string(Processor.name)),
        ("threads", .int(threads)), ("unit", .string(kind == "memory" ? "byte/s" : "op/s")),
        ("median", .number(samples.median)), ("min", .number(samples.minimum)), ("max", .number(samples.maximum)),
        ("relative_deviation", .number(samples.relativeDeviation)),
        ("samples", .array(samples.values.map { .number($0) })),
      ])
    }
  }
}
