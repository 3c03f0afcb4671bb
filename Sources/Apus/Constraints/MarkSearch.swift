internal import ApusChat
internal import ApusText

/// Looks for a mark, such as the one behind a model's thinking, in text that comes piece by piece; a value.
struct MarkSearch: Sendable {
  /// The mark's bytes, one at least.
  let mark: [UInt8]
  /// The end of what has come, as much as may be the beginning of the mark.
  private var tail: [UInt8] = []

  /// A search for a mark, without the white space around it; nil where there is nothing else.
  init?(_ mark: String) {
    self.mark = Array(mark.withoutOuterSpace.utf8)
    if self.mark.isEmpty { return nil }
  }

  /// Goes on with more bytes; gives what stands behind the mark once that has come, and begins anew then.
  mutating func take(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let text = tail + bytes
    guard let start = text.position(of: mark) else {
      tail = text.suffix(mark.count - 1)
      return nil
    }
    tail = []
    return text[(start + mark.count)...]
  }
}
