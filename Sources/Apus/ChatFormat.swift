internal import ApusTokenizers

/// How a model's messages become a prompt.
struct ChatFormat: Sendable {
  /// The text of BOS, which a template may write itself.
  let beginningText: String?

  func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws(ApusError) -> String {
    throw .noChatTemplate
  }
}
