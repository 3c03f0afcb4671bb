internal import Apus
internal import Logging
internal import Synchronization

/// Refuses work once the model's file is no longer the one that was loaded, and tells the operator once; and once that its
/// draft model is of no more use.
final class ModelFileCheck: Sendable {
  private let wasTold = Atomic<Bool>(false)
  private let draftWasTold = Atomic<Bool>(false)

  /// Throws where the file of `model` has changed; waits for a comparison where only its time has.
  func check(_ model: Model, _ logger: Logger) async throws(Refusal) {
    do throws(ApusError) {
      try await model.engine.checkFile()
    } catch {
      if !wasTold.exchange(true, ordering: .relaxed) {
        logger.error(
          "the model's file was changed: put it back and start the server again", metadata: ["error": "\(error)"])
      }
      throw Refusal(error)
    }
    if let failure = model.engine.metrics.draftFailure, !draftWasTold.exchange(true, ordering: .relaxed) {
      logger.warning(
        "the draft model has failed and is no longer used: answers are the same without it, but slower",
        metadata: ["error": "\(failure)"])
    }
  }
}
