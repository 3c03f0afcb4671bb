internal import Apus
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Ends a server in order: no new requests, then no answers, then nothing.
struct Shutdown: Sendable {
  let service: ModelService
  let group: ServiceGroup
  let logger: Logger
  let onSecondSignal: @Sendable () -> Void

  /// Drains at the first SIGTERM or SIGINT and ends at the second; returns only then, or when its task is cancelled.
  func waitForSignals() async {
    var isDraining = false
    for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
      if isDraining { return onSecondSignal() }
      isDraining = true
      let health = service.model.engine.health
      logger.info(
        "draining",
        metadata: [
          "signal": "\(signal)", "running": .stringConvertible(health.running),
          "queued": .stringConvertible(health.queued),
        ])
      await drain()
    }
  }

  private func drain() async {
    service.admission.close()
    let (model, preparation, limit) = (service.model, service.preparation, service.configuration.timeouts.drain)
    Task {
      try await Task.sleep(for: limit)
      preparation.close()
      model.engine.cancelAll()
    }
    await group.triggerGracefulShutdown()
  }
}
