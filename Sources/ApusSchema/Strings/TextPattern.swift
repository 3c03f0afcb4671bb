/// A regular expression as text, and whether it must match all of a text or a part of it.
struct TextPattern: Hashable, Comparable {
  let text: String
  let isWhole: Bool

  static func == (a: TextPattern, b: TextPattern) -> Bool {
    a.isWhole == b.isWhole && a.text.utf8.elementsEqual(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }

  static func < (a: TextPattern, b: TextPattern) -> Bool {
    a.text.utf8.elementsEqual(b.text.utf8)
      ? !a.isWhole && b.isWhole : a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }
}
