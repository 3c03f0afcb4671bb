/// Loads one model, step by step.
struct ModelLoading: Sendable {
  let path: String
  let options: LoadOptions
  let progress: (@Sendable (LoadingProgress) -> Void)?

  func run() async throws(ApusError) -> Model {
    throw .cannotLoad(path: path, reason: "loading comes with the next commit")
  }
}
