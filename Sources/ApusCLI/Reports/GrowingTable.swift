/// A table whose rows are written one by one, so that its columns' widths are known before.
package struct GrowingTable {
  /// A column's title, and the width that its cells need.
  package struct Column {
    let title: String
    let width: Int
    let alignment: Table.Alignment

    package init(_ title: String, width: Int = 0, _ alignment: Table.Alignment = .right) {
      self.title = title
      self.width = max(width, displayWidth(of: title))
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private let isMarkdown: Bool

  package init(_ columns: [Column], isMarkdown: Bool) {
    self.columns = columns
    self.isMarkdown = isMarkdown
  }

  /// The lines above the first row.
  package var header: [String] {
    let titles = line(columns.map(\.title))
    guard isMarkdown else { return [titles] }
    let rules = columns.map { column in
      String(repeating: "-", count: column.width - 1) + (column.alignment == .right ? ":" : "-")
    }
    return [titles, line(rules)]
  }

  /// A row's line.
  package func line(_ cells: [String]) -> String {
    let padded = zip(columns, cells).map { column, cell in
      let padding = String(repeating: " ", count: max(0, column.width - displayWidth(of: cell)))
      return column.alignment == .right ? padding + cell : cell + padding
    }
    if isMarkdown { return "| " + padded.joined(separator: " | ") + " |" }
    let line = "  " + padded.joined(separator: "  ")
    return String(line[...(line.lastIndex { $0 != " " } ?? line.startIndex)])
  }
}
