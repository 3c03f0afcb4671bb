internal import Apus
internal import Logging
internal import Synchronization

/// Refuses work once the model's file is no longer the one that was loaded, and tells the operator once.
final class ModelFileCheck: Sendable {
  private let wasTold = Atomic<Bool>(false)

  /// Throws where the file of `model` has changed; waits for a comparison where only its time has.
  func check(_ model: Model, _ logger: Logger) async throws(APIError) {
    do throws(ApusError) {
      try await model.engine.checkFile()
    } catch {
      if !wasTold.exchange(true, ordering: .relaxed) {
        logger.error(
          "the model's file was changed: put it back and start the server again", metadata: ["error": "\(error)"])
      }
      throw APIError(error)
    }
  }
}
