internal import ApusServer
private import ApusSystem
internal import ArgumentParser
internal import Logging

/// What operators want to know of a running server.
struct ObservationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What an hour of this machine costs, such as 0.17: /admin/usage and /metrics tell what a million tokens cost.",
      valueName: "dollars"))
  var instancePrice: Double?
  @Option(
    help: ArgumentHelp(
      "How long a step may take before /health says that the engine makes no progress.", valueName: "seconds"))
  var stallTimeout = 60

  @Option(
    help: ArgumentHelp(
      """
      A file to which a line is added for each span of a request: OTLP in JSON, as the OpenTelemetry collector's \
      otlpjsonfile receiver reads it.
      """,
      valueName: "path"))
  var traces: String?

  func validate() throws {
    if let instancePrice, !(0...1_000_000).contains(instancePrice) {
      throw ValidationError("--instance-price must be 0 to 1000000 dollars, not \(instancePrice)")
    }
    guard (1...86_400).contains(stallTimeout) else {
      throw ValidationError("--stall-timeout must be 1 to 86400, not \(stallTimeout)")
    }
  }

  func apply(to configuration: inout ServerConfiguration) {
    configuration.instancePrice = instancePrice
    configuration.timeouts.engineStall = .seconds(stallTimeout)
  }

  /// Lets the server write traces, where a file was named; what writes them is to be finished at the end.
  func openTraces(
    for configuration: inout ServerConfiguration, _ logger: Logger
  ) throws(Failure) -> LogWriter? {
    guard let traces else { return nil }
    // Prompts are no part of traces, but who asked when is nobody else's business.
    let descriptor = unsafe open(traces, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw Failure("\(traces): cannot be written to (\(reason)): name a file in a folder that is there")
    }
    let writer = LogWriter(name: "apus-traces", descriptor: descriptor) { count in
      logger.warning(
        "spans were dropped, as the disk was too slow or full", metadata: ["count": .stringConvertible(count)])
      return []
    }
    guard let writer else { throw Failure("the system gives no thread for traces: raise its limit on threads") }
    configuration.tracer = LineTracer(version: Program.version) { writer.write($0) }
    return writer
  }
}
