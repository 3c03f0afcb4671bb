extension String {
  /// The beginning of this text that fits into so many bytes of UTF-8, in whole characters of Unicode.
  ///
  /// Where something is cut, `mark` stands at the end, within these bytes.
  package func shortened(toByteCount limit: Int, mark: String = "") -> String {
    guard utf8.count > limit else { return self }
    var result = ""
    var byteCount = mark.utf8.count
    for scalar in unicodeScalars {
      byteCount += UTF8.width(scalar)
      if byteCount > limit { break }
      result.unicodeScalars.append(scalar)
    }
    return result + mark
  }
}
