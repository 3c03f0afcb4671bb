internal import ApusTokenizers
internal import Hummingbird

extension ByteBuffer {
  /// The JSON text of `json`, in its shortest form.
  init(json: JSONValue) { self.init(bytes: json.serialized(.compact)) }
}

extension String {
  /// The beginning of this text that fits into so many bytes, in whole characters of Unicode.
  func shortened(toByteCount limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var result = ""
    var byteCount = 0
    for scalar in unicodeScalars {
      byteCount += UTF8.width(scalar)
      if byteCount > limit { break }
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}
