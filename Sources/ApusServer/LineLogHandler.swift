package import Logging

/// Writes every log entry as one line, in which nothing can pass for another line.
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level
  private let label: String
  private let format: LogFormat
  private let now: @Sendable () -> String
  private let write: @Sendable ([UInt8]) -> Void

  /// A handler that gives whole lines to `write`, with the time that `now` tells.
  package init(
    label: String, format: LogFormat = .json, level: Logger.Level = .info, now: @escaping @Sendable () -> String,
    write: @escaping @Sendable (_ line: [UInt8]) -> Void
  ) {
    self.label = label
    self.format = format
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
    write(format.line(event.level, event.message.description, label: label, time: now(), metadata: merged))
  }
}
