internal import Apus

/// Whether the model answers messages; where it has no chat template it goes on with plain text, which a person is told.
///
/// Throws where the template of the file at `path` cannot be used, and where instructions would be lost.
func canChat(_ model: Model, _ path: String, system: String?) throws -> Bool {
  switch model.information.chat {
  case .supported: return true
  case .noTemplate where system == nil:
    StandardError.write("Note: the model file has no chat template: the model goes on with the text, as with --raw.\n")
    return false
  case .noTemplate: throw ApusError.noChatTemplate
  case .refused(let reason): throw Failure("\(path): \(reason); --raw completes the text as it is")
  }
}
