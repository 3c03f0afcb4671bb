/// Why calls cannot be kept in form, for the person who wrote the tools.
package struct CallGrammarError: Error, Sendable, Equatable {
  /// The name of the tool that it is about; nil where it is about all.
  package let tool: String?
  package let reason: String
  /// Whether what must be called is wrong, not what the tools say.
  package let isAboutChoice: Bool

  package init(tool: String?, _ reason: String, isAboutChoice: Bool = false) {
    (self.tool, self.reason, self.isAboutChoice) = (tool, reason, isAboutChoice)
  }
}

extension CallGrammarError: CustomStringConvertible {
  package var description: String { tool.map { "tool \($0.prefix(100)): \(reason)" } ?? reason }
}
