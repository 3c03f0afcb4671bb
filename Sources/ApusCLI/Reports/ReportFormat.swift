package import ApusJSON
internal import ArgumentParser

/// How a report with one line for each result is written.
enum ReportFormat: String, CaseIterable, Sendable, ExpressibleByArgument {
  /// For a person at a terminal.
  case table
  /// One object a line.
  case json
  case csv
  case markdown
}

/// The named values of one result, for programs.
package struct Fields {
  private let members: [(name: String, value: JSONValue)]

  package init(_ members: [(name: String, value: JSONValue)]) { self.members = members }

  /// A line of JSON.
  package var json: String {
    String(decoding: JSONValue.object(JSONObject(members)).serialized(), as: UTF8.self)
  }

  /// The names as a line of CSV (RFC 4180).
  package var csvHeader: String { members.map(\.name).joined(separator: ",") }

  /// The values as a line of CSV; those of an array are separated by spaces.
  package var csv: String { members.map { Self.cell($0.value) }.joined(separator: ",") }

  private static func cell(_ value: JSONValue) -> String {
    switch value {
    case .null: ""
    case .string(let text):
      text.contains { ",\"\r\n".contains($0) }
        ? "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"" : text
    case .array(let values): values.map(cell).joined(separator: " ")
    default: String(decoding: value.serialized(), as: UTF8.self)
    }
  }
}
