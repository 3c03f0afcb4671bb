/// Reads the character of `text` at `position`, looking no further than `end`.
///
/// A byte that does not start a well-formed UTF-8 sequence (Unicode 17, table 3-7) reads as U+FFFD of length 1.
@inline(__always)
func scalar(in text: Span<UInt8>, at position: Int, end: Int) -> (value: UInt32, byteCount: Int) {
  let first = text[position]
  if first < 0x80 { return (UInt32(first), 1) }
  return longScalar(in: text, at: position, end: end) ?? (0xFFFD, 1)
}

private func longScalar(in text: Span<UInt8>, at position: Int, end: Int) -> (value: UInt32, byteCount: Int)? {
  let first = text[position]
  let byteCount: Int
  switch first {
  case 0xC2...0xDF: byteCount = 2
  case 0xE0...0xEF: byteCount = 3
  case 0xF0...0xF4: byteCount = 4
  default: return nil
  }
  guard end - position >= byteCount, isSecondByte(text[position + 1], after: first) else { return nil }
  var value = (UInt32(first) & (0xFF >> UInt32(byteCount + 1))) << 6 | UInt32(text[position + 1] & 0x3F)
  for offset in 2..<byteCount {
    let byte = text[position + offset]
    guard byte & 0xC0 == 0x80 else { return nil }
    value = value << 6 | UInt32(byte & 0x3F)
  }
  return (value, byteCount)
}

/// Whether `byte` may follow the lead byte `first`: no overlong forms, no surrogates, nothing above U+10FFFF.
func isSecondByte(_ byte: UInt8, after first: UInt8) -> Bool {
  switch first {
  case 0xE0: (0xA0...0xBF).contains(byte)
  case 0xED: (0x80...0x9F).contains(byte)
  case 0xF0: (0x90...0xBF).contains(byte)
  case 0xF4: (0x80...0x8F).contains(byte)
  default: byte & 0xC0 == 0x80
  }
}

/// Where an unfinished UTF-8 sequence at the end of `bytes` starts; `bytes.count` if there is none.
func startOfUnfinishedScalar(in bytes: [UInt8]) -> Int {
  for start in stride(from: bytes.count - 1, through: max(bytes.count - 3, 0), by: -1) {
    let first = bytes[start]
    if first & 0xC0 == 0x80 { continue }
    let present = bytes.count - start
    let expected = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
    let isUnfinished = present < expected && (present == 1 || isSecondByte(bytes[start + 1], after: first))
    return isUnfinished ? start : bytes.count
  }
  return bytes.count
}
