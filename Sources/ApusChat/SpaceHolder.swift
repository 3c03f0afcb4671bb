/// Lets text through, and holds white space back until it is known what follows it.
struct SpaceHolder: Sendable {
  private var held: [UInt8] = []
  /// Whether anything but white space came.
  private(set) var hasBegun = false

  /// Takes more text; returns what can go on.
  ///
  /// White space at the very beginning is dropped where that is wanted.
  mutating func add(_ bytes: ArraySlice<UInt8>, dropsBeginning: Bool) -> [UInt8] {
    guard let last = bytes.lastIndex(where: { !isSpace($0) }) else {
      held += bytes
      return []
    }
    var text = held + bytes[...last]
    if !hasBegun, dropsBeginning { text.removeFirst(text.prefix { isSpace($0) }.count) }
    held = Array(bytes[(last + 1)...])
    hasBegun = true
    return text
  }

  /// Ends the text; returns the white space at its end.
  mutating func end() -> [UInt8] {
    defer { held.removeAll() }
    return held
  }
}
