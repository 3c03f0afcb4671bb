package import Apus
package import Logging

extension Logger {
  /// Says in the log what became of a model, and when it is loaded also what its file leaves out.
  package func note(_ event: ModelPool.Event) {
    switch event {
    case .loaded(let name, let information):
      info(
        "model loaded",
        metadata: ["model": "\(name)", "bytes": .stringConvertible(information.memory)])
      reportLimits(of: information)
    case .unloaded(let name): info("model unloaded", metadata: ["model": "\(name)"])
    }
  }

  /// What the model file leaves out, and whether requests for chat will be refused.
  private func reportLimits(of information: ModelInformation) {
    for warning in information.warnings { self.warning("\(warning)") }
    switch information.chat {
    case .supported: break
    case .noTemplate: warning("chat requests will be refused: \(ApusError.noChatTemplate)")
    case .refused(let reason): warning("chat requests will be refused: \(reason)")
    }
  }
}
