/// Python's stripping and splitting of strings.
extension TemplateText {
  /// Which ends `strip` works on.
  enum Side { case left, right, both }

  /// The text without the code points of `characters` (by default white space) at its ends.
  func stripped(_ side: Side, of characters: TemplateText? = nil) -> TemplateText {
    let set = characters.map { Set($0.scalars) }
    let removes: (Unicode.Scalar) -> Bool = { set?.contains($0) ?? $0.isPythonSpace }
    var view = string.unicodeScalars[...]
    if side != .right { view = view.drop(while: removes) }
    if side != .left { while let last = view.last, removes(last) { view.removeLast() } }
    return TemplateText(utf8: Array(String(view).utf8))
  }

  /// `str.split(separator, limit)`, or `rsplit` from the end.
  func split(by separator: [UInt8], limit: Int, fromEnd: Bool) -> [TemplateText] {
    var cuts = matches(of: separator, limit: limit, fromEnd: fromEnd)
    if fromEnd { cuts.reverse() }
    var parts: [TemplateText] = []
    var start = 0
    for cut in cuts {
      parts.append(TemplateText(utf8: Array(utf8[start..<cut])))
      start = cut + separator.count
    }
    parts.append(TemplateText(utf8: Array(utf8[start...])))
    return parts
  }

  /// `str.split(None, limit)`: runs of white space separate; only a rest behind the limit keeps its own.
  func splitAtSpace(limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var rest = string.unicodeScalars[...].drop(while: \.isPythonSpace)
    while !rest.isEmpty {
      if parts.count == limit {
        parts.append(TemplateText(utf8: Array(String(rest).utf8)))
        break
      }
      let end = rest.firstIndex(where: \.isPythonSpace) ?? rest.endIndex
      parts.append(TemplateText(utf8: Array(String(rest[..<end]).utf8)))
      rest = rest[end...].drop(while: \.isPythonSpace)
    }
    return parts
  }

  /// `str.rsplit(None, limit)`.
  func splitAtSpaceFromEnd(limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var rest = string.unicodeScalars[...]
    while true {
      while let last = rest.last, last.isPythonSpace { rest.removeLast() }
      if rest.isEmpty { break }
      if parts.count == limit {
        parts.append(TemplateText(utf8: Array(String(rest).utf8)))
        break
      }
      let start = rest.lastIndex(where: \.isPythonSpace).map { rest.index(after: $0) } ?? rest.startIndex
      parts.append(TemplateText(utf8: Array(String(rest[start...]).utf8)))
      rest = rest[..<start]
    }
    return parts.reversed()
  }

  /// `str.splitlines(keepends)`.
  func lines(keepingEnds: Bool = false) -> [TemplateText] {
    var lines: [TemplateText] = []
    let scalars = string.unicodeScalars
    var start = scalars.startIndex
    while start < scalars.endIndex {
      let end = scalars[start...].firstIndex(where: \.isPythonLineBreak) ?? scalars.endIndex
      var next = end
      if end < scalars.endIndex {
        next = scalars.index(after: end)
        if scalars[end] == "\r", next < scalars.endIndex, scalars[next] == "\n" { next = scalars.index(after: next) }
      }
      lines.append(TemplateText(utf8: Array(String(scalars[start..<(keepingEnds ? next : end)]).utf8)))
      start = next
    }
    return lines
  }

  /// `str.replace(old, new, limit)`, or nil where the result would be longer than `byteLimit`.
  func replacing(_ old: TemplateText, with new: TemplateText, limit: Int, byteLimit: Int) -> TemplateText? {
    if old.isEmpty { return interleaved(with: new, limit: limit, byteLimit: byteLimit) }
    let cuts = matches(of: old.utf8, limit: limit)
    let (growth, overflow) = cuts.count.multipliedReportingOverflow(by: new.byteCount - old.byteCount)
    guard !overflow, byteCount + growth <= byteLimit else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(byteCount + growth)
    var start = 0
    for cut in cuts {
      result.append(contentsOf: utf8[start..<cut])
      result.append(contentsOf: new.utf8)
      start = cut + old.byteCount
    }
    result.append(contentsOf: utf8[start...])
    return TemplateText(utf8: result)
  }

  /// `new` before every code point and at the end.
  private func interleaved(with new: TemplateText, limit: Int, byteLimit: Int) -> TemplateText? {
    let insertions = min(count + 1, limit)
    let (growth, overflow) = insertions.multipliedReportingOverflow(by: new.byteCount)
    guard !overflow, byteCount + growth <= byteLimit else { return nil }
    var result: [UInt8] = []
    var left = insertions
    forEachCharacter { start, end in
      if left > 0 { result.append(contentsOf: new.utf8) }
      left -= 1
      result.append(contentsOf: utf8[start..<end])
    }
    if left > 0 { result.append(contentsOf: new.utf8) }
    return TemplateText(utf8: result)
  }
}
