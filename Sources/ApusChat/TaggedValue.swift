internal import ApusJSON

/// An argument that stands as text between two marks, on its way to JSON.
///
/// A text goes on as it comes; anything else when it is complete. The closing mark counts only where what may follow an
/// argument stands behind it, so that texts can have it in them.
struct TaggedValue {
  let key: [UInt8]
  let kinds: ToolTable.Kinds
  let isFirst: Bool
  /// Where the value begins.
  private var start = 0
  /// Up to where no closing mark begins.
  private var scanned = 0
  /// Up to where the value has been put out.
  private(set) var taken = 0
  /// Whether a text has been begun and not ended.
  private(set) var isOpen = false
  private var isBegun = false

  /// The most white space between a closing mark and what may follow it.
  private static let maximumSpace = 64

  init(key: [UInt8], kinds: ToolTable.Kinds, isFirst: Bool) {
    self.key = key
    self.kinds = kinds
    self.isFirst = isFirst
  }

  mutating func begin(at position: Int) {
    (start, scanned, taken) = (position, position, position)
  }

  /// Where the closing mark stands; nil where it has not come yet.
  mutating func findEnd(in reader: CallReader, _ tags: CallSyntax.Tags, ends: [String]) -> Int? {
    let first = tags.value.close.withoutOuterSpace.utf8.first
    while scanned < reader.bytes.count {
      guard reader.bytes[scanned] == first else {
        scanned += 1
        continue
      }
      switch isEnd(at: scanned, in: reader, tags, ends: ends) {
      case .yes: return scanned
      case .no: scanned += 1
      case .more: return nil
      }
    }
    return nil
  }

  private func isEnd(
    at position: Int, in reader: CallReader, _ tags: CallSyntax.Tags, ends: [String]
  ) -> CallReader.Match {
    let match = reader.match(tags.value.close, at: position)
    guard match == .yes else { return match }
    let behind = position + tags.value.close.withoutOuterSpace.utf8.count
    let space = reader.bytes[behind...].prefix(Self.maximumSpace).prefix { isSpace($0) }.count
    let matches = ([tags.key.open] + ends).map { reader.match($0, at: behind + space) }
    return matches.contains(.yes) ? .yes : matches.contains(.more) ? .more : .no
  }

  /// JSON for more of the value, all of it where its end is known; nil where it is not what the schema wants.
  mutating func take(until close: Int?, of bytes: [UInt8], _ tags: CallSyntax.Tags) -> [UInt8]? {
    if !isBegun {
      guard start < bytes.count else { return [] }
      isBegun = true
      if tags.value.open.hasSuffix("\n"), bytes[start] == 0x0A { start += 1 }
      taken = max(taken, min(start, close ?? start))
      scanned = max(scanned, taken)
    }
    var end = close ?? scanned
    if tags.value.close.hasPrefix("\n"), end > taken, bytes[end - 1] == 0x0A { end -= 1 }
    if close == nil, !isPlainText { return [] }
    let raw = bytes[min(taken, end)..<end]
    if close != nil, !isOpen, !isPlainText { return wholeValue(raw).map { prefix + $0 } }
    var json: [UInt8] = isOpen || raw.isEmpty && close == nil ? [] : prefix + [UInt8(ascii: "\"")]
    isOpen = isOpen || !json.isEmpty
    for byte in raw { JSONText.escape(byte, into: &json) }
    taken = max(taken, end)
    if close != nil {
      json.append(UInt8(ascii: "\""))
      isOpen = false
    }
    return json
  }

  /// JSON of what has come of a value that is cut off.
  func unfinished(_ bytes: [UInt8]) -> [UInt8] {
    isOpen ? [] : prefix + bytes[start..<max(start, scanned)].filter { !isSpace($0) }
  }

  private var isPlainText: Bool { kinds == .text }

  private var prefix: [UInt8] {
    (isFirst ? [] : [UInt8(ascii: ",")]) + JSONText.quoted(key) + [UInt8(ascii: ":")]
  }

  private func wholeValue(_ raw: ArraySlice<UInt8>) -> [UInt8]? {
    let text = String(decoding: raw, as: UTF8.self).withoutOuterSpace
    if !kinds.contains(.text) || kinds == .any || text == "null" && kinds.contains(.null) {
      for json in [Array(text.utf8), ArgumentReader.value(fromPython: text)].compactMap({ $0 }) {
        if let value = try? JSONParser.parse(json), !kinds.isDisjoint(with: ToolTable.Kinds.of(value)) { return json }
      }
    }
    return kinds.contains(.text) ? JSONText.quoted(raw) : nil
  }
}

extension ArgumentReader {
  /// The JSON of one value in Python's notation; nil where it is none.
  static func value(fromPython text: String) -> [UInt8]? {
    var reader = ArgumentReader(.python)
    for byte in "v=\(text))".utf8 where !reader.read(byte) { return nil }
    guard reader.status == .complete else { return nil }
    return Array(reader.takeOutput().dropFirst("{\"v\":".utf8.count).dropLast())
  }
}
