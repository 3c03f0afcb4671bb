internal import ApusJSON

/// Fields that say for whom and for what a request is: they change nothing of an answer, and must be of their types.
extension RequestFields {
  /// OpenAI's labels of a request; throws where one is of another type than there.
  func checkLabels() throws(Refusal) {
    for name in ["user", "safety_identifier", "prompt_cache_key", "service_tier"] { _ = try string(name) }
    _ = try bool("store")
    try checkMetadata()
  }

  /// `metadata`: an object whose values have no members.
  func checkMetadata() throws(Refusal) {
    guard let metadata = try members("metadata") else { return }
    for value in metadata.values {
      switch value {
      case .object, .array: throw mismatch("metadata", "an object of texts")
      default: continue
      }
    }
  }
}
