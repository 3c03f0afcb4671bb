/// A rendered prompt: text, and which of its bytes the template wrote, as only these may become control tokens.
package struct PromptText: Sendable {
  /// The prompt in UTF-8.
  package let utf8: [UInt8]
  /// The bytes that the template wrote: rising ranges, none of them empty, none touching the next.
  package let templateRanges: [Range<Int>]

  /// Makes a prompt of these bytes; the ranges must be as `templateRanges` are.
  package init(utf8: [UInt8], templateRanges: [Range<Int>]) {
    self.utf8 = utf8
    self.templateRanges = templateRanges
  }

  /// The prompt as text.
  package var string: String { String(decoding: utf8, as: UTF8.self) }

  /// Whether the template itself began the prompt with `text`, which is not empty.
  package func templateBegins(with text: String) -> Bool {
    guard let first = templateRanges.first, first.lowerBound == 0 else { return false }
    return !text.isEmpty && utf8[first].starts(with: text.utf8)
  }
}
