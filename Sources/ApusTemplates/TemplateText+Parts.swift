internal import ApusText

/// Python's stripping and splitting of strings.
extension TemplateText {
  /// Which ends `strip` works on.
  enum Side { case left, right, both }

  /// The part of this text that `view` is of `string`, which must be the text as a string.
  private func part(_ view: Substring.UnicodeScalarView, of string: String) -> TemplateText {
    let start = string.utf8.distance(from: string.startIndex, to: view.startIndex)
    return self[start..<(start + string.utf8.distance(from: view.startIndex, to: view.endIndex))]
  }

  /// The text without the code points of `characters` (by default white space) at its ends.
  func stripped(_ side: Side, of characters: TemplateText? = nil) -> TemplateText {
    let set = characters.map { Set($0.scalars) }
    let removes: (Unicode.Scalar) -> Bool = { set?.contains($0) ?? $0.isPythonSpace }
    let string = string
    var view = string.unicodeScalars[...]
    if side != .right { view = view.drop(while: removes) }
    if side != .left { while let last = view.last, removes(last) { view.removeLast() } }
    return part(view, of: string)
  }

  /// `str.split(separator, limit)`, or `rsplit` from the end.
  func split(by separator: [UInt8], limit: Int, fromEnd: Bool) -> [TemplateText] {
    var cuts = utf8.positions(of: separator, limit: limit, fromEnd: fromEnd)
    if fromEnd { cuts.reverse() }
    var parts: [TemplateText] = []
    var start = 0
    for cut in cuts {
      parts.append(self[start..<cut])
      start = cut + separator.count
    }
    parts.append(self[start..<byteCount])
    return parts
  }

  /// `str.split(None, limit)`: runs of white space separate; only a rest behind the limit keeps its own.
  func splitAtSpace(limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    let string = string
    var rest = string.unicodeScalars[...].drop(while: \.isPythonSpace)
    while !rest.isEmpty {
      if parts.count == limit {
        parts.append(part(rest, of: string))
        break
      }
      let end = rest.firstIndex(where: \.isPythonSpace) ?? rest.endIndex
      parts.append(part(rest[..<end], of: string))
      rest = rest[end...].drop(while: \.isPythonSpace)
    }
    return parts
  }

  /// `str.rsplit(None, limit)`.
  func splitAtSpaceFromEnd(limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    let string = string
    var rest = string.unicodeScalars[...]
    while true {
      while let last = rest.last, last.isPythonSpace { rest.removeLast() }
      if rest.isEmpty { break }
      if parts.count == limit {
        parts.append(part(rest, of: string))
        break
      }
      let start = rest.lastIndex(where: \.isPythonSpace).map { rest.index(after: $0) } ?? rest.startIndex
      parts.append(part(rest[start...], of: string))
      rest = rest[..<start]
    }
    return parts.reversed()
  }

  /// `str.splitlines(keepends)`.
  func lines(keepingEnds: Bool = false) -> [TemplateText] {
    var lines: [TemplateText] = []
    let string = string
    let scalars = string.unicodeScalars
    var start = scalars.startIndex
    while start < scalars.endIndex {
      let end = scalars[start...].firstIndex(where: \.isPythonLineBreak) ?? scalars.endIndex
      var next = end
      if end < scalars.endIndex {
        next = scalars.index(after: end)
        if scalars[end] == "\r", next < scalars.endIndex, scalars[next] == "\n" { next = scalars.index(after: next) }
      }
      lines.append(part(scalars[start..<(keepingEnds ? next : end)], of: string))
      start = next
    }
    return lines
  }

  /// `str.replace(old, new, limit)`, or nil where the result would be longer than `byteLimit`.
  func replacing(_ old: TemplateText, with new: TemplateText, limit: Int, byteLimit: Int) -> TemplateText? {
    if old.isEmpty { return interleaved(with: new, limit: limit, byteLimit: byteLimit) }
    let cuts = utf8.positions(of: old.utf8, limit: limit)
    let (growth, overflow) = cuts.count.multipliedReportingOverflow(by: new.byteCount - old.byteCount)
    guard !overflow, byteCount + growth <= byteLimit else { return nil }
    var result = TemplateTextBuilder()
    result.reserveCapacity(byteCount + growth)
    var start = 0
    for cut in cuts {
      result.append(self, start..<cut)
      result.append(new)
      start = cut + old.byteCount
    }
    result.append(self, start..<byteCount)
    return result.text
  }

  /// `new` before every code point and at the end.
  private func interleaved(with new: TemplateText, limit: Int, byteLimit: Int) -> TemplateText? {
    let insertions = min(count + 1, limit)
    let (growth, overflow) = insertions.multipliedReportingOverflow(by: new.byteCount)
    guard !overflow, byteCount + growth <= byteLimit else { return nil }
    var result = TemplateTextBuilder()
    var left = insertions
    forEachCharacter { start, end in
      if left > 0 { result.append(new) }
      left -= 1
      result.append(self, start..<end)
    }
    if left > 0 { result.append(new) }
    return result.text
  }
}
