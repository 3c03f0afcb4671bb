internal import Apus
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Ends a server in order: no new requests, then no answers, then nothing.
struct Shutdown: Sendable {
  let service: ModelService
  let group: ServiceGroup
  let logger: Logger
  /// Ends the program at once.
  let endNow: @Sendable () -> Void

  /// Drains at the first of `signals` and ends at the second; returns only then, or when its task is cancelled.
  func wait(for signals: UnixSignalsSequence) async {
    await withDiscardingTaskGroup { tasks in
      var isDraining = false
      for await signal in signals {
        if isDraining {
          logger.warning(
            "ended at once by a second signal",
            metadata: ["signal": "\(signal)", "cut_answers": .stringConvertible(service.admission.count)])
          return endNow()
        }
        isDraining = true
        service.readiness.begin(.ending)
        let engines = service.loadedModels.map(\.engine.health)
        logger.info(
          "draining",
          metadata: [
            "signal": "\(signal)", "running": .stringConvertible(engines.reduce(0) { $0 + $1.running }),
            "queued": .stringConvertible(engines.reduce(0) { $0 + $1.queued }),
          ])
        tasks.addTask { await service.batches?.close() }
        tasks.addTask { try? await endAfterDrain() }
        tasks.addTask { try? await stopListening() }
      }
    }
  }

  /// Takes no more requests, once load balancers had time to hear of it.
  private func stopListening() async throws {
    try await pause(for: service.configuration.timeouts.drainNotice)
    service.admission.close()
    // Their ends may take a while, for which nobody new is let in.
    async let closing: Void? = service.later?.close()
    await group.triggerGracefulShutdown()
    _ = await closing
  }

  /// Whatever clients do, the server ends: what has not ended in time is cut off.
  private func endAfterDrain() async throws {
    try await Task.sleep(for: service.configuration.timeouts.drain)
    service.preparation.close()
    service.pool.close()
    for model in service.loadedModels { model.engine.cancelAll() }
    service.connections.end(waitingOnly: true)
    // For the ends of the answers that were just cancelled.
    try await Task.sleep(for: .milliseconds(500))
    service.connections.end(waitingOnly: false)
    try await Task.sleep(for: .seconds(3))
    logger.error("ended although not everything had stopped")
    endNow()
  }
}
