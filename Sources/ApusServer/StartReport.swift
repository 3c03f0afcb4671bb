internal import Apus
internal import Logging

extension Model {
  /// Says in the log what the model file leaves out, and whether requests for chat will be refused.
  func reportLimits(to logger: Logger) {
    for warning in information.warnings { logger.warning("\(warning)") }
    switch information.chat {
    case .supported: break
    case .noTemplate: logger.warning("chat requests will be refused: \(ApusError.noChatTemplate)")
    case .refused(let reason): logger.warning("chat requests will be refused: \(reason)")
    }
  }
}
