internal import Metrics

/// Counts requests, whatever became of them.
struct RequestMetrics: Sendable {
  private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
  private let factory: any MetricsFactory

  init(_ factory: any MetricsFactory) { self.factory = factory }

  /// A request for a path of the list has ended; nil is one that is not there.
  ///
  /// What a client makes up is no dimension, or there would be any number of series.
  func note(_ route: String?, _ entry: LogEntry) {
    let method = Self.methods.contains(entry.method) ? entry.method : "other"
    let dimensions = [
      ("handler", route ?? "none"), ("method", method), ("status", "\(entry.status / 100)xx"),
    ]
    Counter(label: "http_requests", dimensions: dimensions, factory: factory).increment()
  }
}
