package import ApusCore
package import ApusModels

/// A small model that guesses what a large one will choose.
package struct DraftModel: Sendable {
  package let model: LanguageModel
  /// Tokens of its vocabulary that are the same in the large model's.
  package let vocabularySize: Int
  /// Tokens of a sequence that it can take.
  package let contextLength: Int
  /// KV blocks that it may use.
  package let blocks: Int
  /// Looks after its file; nil where its changes cannot be felt.
  package let watch: FileWatch?

  package init(model: LanguageModel, vocabularySize: Int, contextLength: Int, blocks: Int, watch: FileWatch? = nil) {
    (self.model, self.vocabularySize, self.watch) = (model, vocabularySize, watch)
    (self.contextLength, self.blocks) = (contextLength, blocks)
  }
}
