internal import ApusCore
internal import ApusTokenizers

/// A text with a gap.
package struct TextGap: Sendable {
  /// What stands before and behind the gap.
  package var before: String, behind: String
  /// Other files of the same project, by name, which the model may look at.
  package var files: [(name: String, text: String)] = []

  package init(before: String, behind: String) { (self.before, self.behind) = (before, behind) }
}

extension Model {
  /// The prompt by which the model fills a gap, and the tokens that end its completion beside the usual ones.
  ///
  /// Nil where the model was not made for that. Throws `ApusError.stopped` soon after `shouldStop` says so.
  package func infill(
    _ gap: TextGap, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(ApusError) -> (prompt: [Token], ends: [Token])? {
    guard let marks = FillMarks(tokenizer.vocabulary) else { return nil }
    func tokens(_ text: String) -> [Token] {
      tokenizer.encode(text, addSpecial: false, parseSpecial: false, shouldStop: shouldStop)
    }
    var prompt = tokenizer.encode("", addSpecial: true, parseSpecial: false)
    prompt.removeAll { $0 != tokenizer.vocabulary[.beginningOfSequence] }
    for file in gap.files {
      prompt += marks.file.map { [$0] + tokens("\(file.name)\n\(file.text)") } ?? tokens("\(file.text)\n")
    }
    prompt += [marks.prefix] + tokens(gap.before) + [marks.suffix] + tokens(gap.behind) + [marks.middle]
    if shouldStop() { throw .stopped }
    return (prompt, marks.all)
  }
}
