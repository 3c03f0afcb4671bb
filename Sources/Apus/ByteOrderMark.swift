extension String {
  /// The text without a byte order mark before it: that tells how a text was stored, and is no part of what it says.
  var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}
