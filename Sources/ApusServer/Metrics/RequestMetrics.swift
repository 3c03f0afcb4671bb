internal import Metrics

/// Counts requests, whatever became of them.
struct RequestMetrics: Sendable {
  private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
  private let factory: any MetricsFactory

  init(_ factory: any MetricsFactory) { self.factory = factory }

  /// A method that servers know; what clients make up is `other`.
  static func known(_ method: String) -> String { methods.contains(method) ? method : "other" }

  /// A request for a path of the list has ended; nil is one that is not there.
  ///
  /// What a client makes up is no dimension, or there would be any number of series.
  func note(_ route: String?, _ entry: LogEntry) {
    let dimensions = [
      ("handler", route ?? "none"), ("method", Self.known(entry.method)), ("status", "\(entry.status / 100)xx"),
    ]
    Counter(label: "http_requests", dimensions: dimensions, factory: factory).increment()
  }
}
