internal import HTTPTypes
internal import Hummingbird
internal import Tracing

/// Who hears of requests: the log, the counts of requests and of usage, and traces.
struct RequestBook: Sendable {
  private let log: AccessLog
  private let requests: RequestMetrics
  private let ledger: UsageLedger
  /// Where traces go, if anywhere.
  private let tracer: (any Tracer)?

  init(_ service: ModelService, _ log: AccessLog) {
    (self.log, ledger, tracer) = (log, service.ledger, service.configuration.tracer)
    requests = RequestMetrics(service.registry)
  }

  /// The trace of a request that begins, where it has one.
  func trace(of request: Request, route: String?, _ access: Route.Access) -> RequestTrace? {
    // What is open to all takes no work: probes of load balancers would fill any file.
    RequestTrace(request, route: route, access == .open ? nil : tracer)
  }

  /// Tells all of a request that has ended.
  func close(_ entry: LogEntry, route: String?, _ access: Route.Access) {
    log.write(entry)
    requests.note(route, entry)
    entry.outcome.trace?.end(entry)
    // What nobody was let in for belongs to no key.
    if entry.method == HTTPRequest.Method.post.rawValue, access != .open,
      entry.outcome.end?.name != Refusal.unauthorized.word
    {
      ledger.note(entry.outcome.used, of: entry.outcome.parties.key, isRefused: entry.sentStatus >= 400)
    }
  }
}
