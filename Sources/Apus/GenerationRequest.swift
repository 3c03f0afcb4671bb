/// A prompt as tokens, and what its completion should be like.
package struct GenerationRequest: Sendable {
  /// The prompt, all of the vocabulary and not empty.
  package var prompt: [Token]
  package var options: GenerationOptions

  package init(prompt: [Token], options: GenerationOptions = GenerationOptions()) {
    self.prompt = prompt
    self.options = options
  }
}
