internal import ApusJSON
package import Logging

/// How an entry of the log is written.
package enum LogFormat: String, Sendable, CaseIterable {
  /// As an object, for programs.
  case json
  /// As words, for a person at a terminal.
  case text

  /// One entry as a line.
  package func line(
    _ level: Logger.Level, _ message: String, label: String, time: String, metadata: Logger.Metadata
  ) -> [UInt8] {
    let metadata = metadata.sorted { $0.key < $1.key }
    switch self {
    case .json:
      var object = JSONObject([
        ("time", .string(time)), ("level", .string(level.rawValue)), ("label", .string(label)),
        ("message", .string(message)),
      ])
      for (key, value) in metadata where object[key] == nil { object[key] = Self.json(value) }
      return JSONValue.object(object).serialized(.compact) + [0x0A]
    case .text:
      let name = level.rawValue.uppercased()
      let padding = String(repeating: " ", count: max(0, 7 - name.utf8.count))
      let fields = metadata.map { " \(Self.word($0.key))=\(Self.word($0.value))" }.joined()
      return Array("\(time) \(name)\(padding) \(Self.visible(message))\(fields)\n".utf8)
    }
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let number as Int): .int(number)
    case .stringConvertible(let value): .string(value.description)
    case .array(let values): .array(values.map(json))
    case .dictionary(let members): .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0, json($1)) }))
    @unknown default: .string(value.description)
    }
  }

  /// A value without spaces outside of quotes.
  private static func word(_ value: Logger.Metadata.Value) -> String {
    if case .string(let text) = json(value) { return word(text) }
    return visible(String(decoding: json(value).serialized(.compact), as: UTF8.self))
  }

  private static func word(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
    return visible(isPlain ? text : String(decoding: JSONValue.string(text).serialized(.compact), as: UTF8.self))
  }

  /// A text whose control characters a terminal does not obey.
  private static func visible(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
  }
}
