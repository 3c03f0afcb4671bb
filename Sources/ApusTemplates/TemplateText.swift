internal import ApusText

/// A Python string: UTF-8 that is compared, counted and cut by code points, never by graphemes.
///
/// It knows who decided each of its bytes, and whatever moves bytes takes that along; comparing texts leaves it out.
struct TemplateText: Hashable, Sendable {
  /// Always valid UTF-8.
  let utf8: [UInt8]
  /// Who decided the bytes; never cut within a code point.
  let origin: TextOrigin
  /// Whether the text went through `safe` or `escape`, so that `escape` leaves it alone.
  var isMarkup = false

  /// `origin` must be that of all these bytes.
  init(utf8: [UInt8], origin: TextOrigin) {
    self.utf8 = utf8
    self.origin = origin
  }
  init(utf8: [UInt8], by author: TextAuthor) { self.init(utf8: utf8, origin: TextOrigin(author)) }
  init(_ string: String, by author: TextAuthor) { self.init(utf8: Array(string.utf8), by: author) }
  init(_ scalar: Unicode.Scalar, by author: TextAuthor) { self.init(String(scalar), by: author) }

  static let empty = TemplateText(utf8: [], by: .template)

  static func == (a: TemplateText, b: TemplateText) -> Bool { a.utf8 == b.utf8 }
  func hash(into hasher: inout Hasher) { hasher.combine(utf8) }

  var string: String { String(decoding: utf8, as: UTF8.self) }
  var scalars: String.UnicodeScalarView { string.unicodeScalars }
  var isEmpty: Bool { utf8.isEmpty }
  var byteCount: Int { utf8.count }

  /// The bytes in `range`, which must begin and end with code points.
  subscript(range: Range<Int>) -> TemplateText { TemplateText(utf8: Array(utf8[range]), origin: origin[range]) }

  /// The number of code points; O(bytes).
  var count: Int {
    var count = 0
    for byte in utf8 where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  /// The order by code points, which is the order of the UTF-8 bytes.
  static func < (a: TemplateText, b: TemplateText) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

  /// The code points as texts of one each.
  var characters: [TemplateText] {
    var result: [TemplateText] = []
    result.reserveCapacity(utf8.count)
    forEachCharacter { start, end in result.append(self[start..<end]) }
    return result
  }

  /// Calls `body` with the byte range of every code point in order.
  func forEachCharacter(_ body: (Int, Int) -> Void) {
    var start = 0
    while start < utf8.count {
      let end = start + Self.width(utf8[start])
      body(start, end)
      start = end
    }
  }

  /// The number of bytes of the code point that starts with this byte.
  private static func width(_ lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

  /// The byte position of the code point at `index`, which may be the count of code points.
  func byteOffset(ofCharacter index: Int) -> Int {
    var offset = 0
    for _ in 0..<index where offset < utf8.count { offset += Self.width(utf8[offset]) }
    return offset
  }

  /// The number of code points before a byte position.
  func characterIndex(ofByte offset: Int) -> Int {
    var count = 0
    for byte in utf8[..<offset] where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  /// The code points at `start`, `start + step` …: a Python slice whose bounds were made valid before.
  func slice(_ range: SliceRange) -> TemplateText {
    if range.step == 1 {
      let start = byteOffset(ofCharacter: range.start)
      var end = start
      for _ in 0..<range.count where end < utf8.count { end += Self.width(utf8[end]) }
      return self[start..<end]
    }
    let parts = characters
    var result = TemplateTextBuilder()
    for index in range.indices { result.append(parts[index]) }
    return result.text
  }

  func contains(_ needle: TemplateText) -> Bool { utf8.position(of: needle.utf8) != nil }
}

/// The positions that a Python slice selects from a sequence: valid whatever bounds and step were given.
struct SliceRange {
  let start: Int
  let step: Int
  let count: Int

  /// Resolves the bounds as Python's `slice.indices` does; `step` must not be 0.
  init(start: Int?, stop: Int?, step: Int, length: Int) {
    let lowest = step < 0 ? -1 : 0
    let highest = step < 0 ? length - 1 : length
    func clamp(_ bound: Int) -> Int { min(max(bound < 0 ? bound + length : bound, lowest), highest) }
    let first = start.map(clamp) ?? (step < 0 ? highest : lowest)
    let end = stop.map(clamp) ?? (step < 0 ? lowest : highest)
    self.start = first
    self.step = step
    if step > 0 {
      count = first < end ? (end - first - 1) / step + 1 : 0
    } else {
      count = first > end ? (end - first + 1) / step + 1 : 0
    }
  }

  /// The selected positions in order.
  var indices: LazyMapSequence<Range<Int>, Int> {
    let (start, step) = (start, step)
    return (0..<count).lazy.map { start + $0 * step }
  }
}
