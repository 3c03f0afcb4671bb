/// Rows of text in aligned columns.
package struct Table {
  /// Where a column's text stands.
  package enum Alignment { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table with these columns; a row's further cells are aligned left.
  package init(_ alignments: [Alignment]) { self.alignments = alignments }

  package mutating func add(_ cells: String...) { rows.append(cells) }

  /// The lines, each with `indent` before it and two spaces between columns.
  package func lines(indent: String = "  ") -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], displayWidth(of: cell))
      }
    }
    return rows.map { indent + line($0, widths) }
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    var line = ""
    for (column, cell) in row.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - displayWidth(of: cell))
      let isRight = column < alignments.count && alignments[column] == .right
      let isLast = column == row.count - 1
      line += (column == 0 ? "" : "  ") + (isRight ? padding + cell : isLast ? cell : cell + padding)
    }
    return line
  }
}
