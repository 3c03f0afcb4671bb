internal import ApusJSON
package import Logging
internal import Synchronization

/// Writes every log entry as one line of JSON, so that nothing in it can pass for another line.
package struct JSONLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level
  private let label: String
  private let now: @Sendable () -> String
  private let write: @Sendable ([UInt8]) -> Void

  /// A handler that gives whole lines to `write`, with the time that `now` tells.
  package init(
    label: String, level: Logger.Level = .info, now: @escaping @Sendable () -> String,
    write: @escaping @Sendable (_ line: [UInt8]) -> Void
  ) {
    self.label = label
    self.now = now
    self.write = write
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let merged = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
    write(Self.line(event.level, event.message.description, label: label, time: now(), metadata: merged))
  }

  /// One entry as a line.
  package static func line(
    _ level: Logger.Level, _ message: String, label: String, time: String, metadata: Logger.Metadata
  ) -> [UInt8] {
    var object = JSONObject([
      ("time", .string(time)), ("level", .string(level.rawValue)), ("label", .string(label)),
      ("message", .string(message)),
    ])
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where object[key] == nil {
      object[key] = json(value)
    }
    return JSONValue.object(object).serialized(.compact) + [0x0A]
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
}
