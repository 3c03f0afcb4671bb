internal import ApusText

/// The first message of which `prompt` lacks the beginning or the end: the longest word there.
///
/// Words, not the whole text, since templates may trim and mark what is said. The assistant's messages are left out of
/// this: many templates cut the reasoning out of them. Linear: where a template changes the order of messages, only
/// some are looked for.
func firstDropped(of messages: [ChatMessage], in prompt: String) -> Int? {
  let prompt = Array(prompt.utf8)
  var position = 0
  var rescans = 4
  for (index, message) in messages.enumerated() where message.role != .assistant {
    for word in outerWords(of: message.content) {
      if let found = prompt.position(of: word, from: position) {
        position = found
        continue
      }
      if prompt.position(of: word) == nil { return index }
      rescans -= 1
      if rescans == 0 { return nil }
    }
  }
  return nil
}

/// The longest words near the beginning and the end of `text`; none where it has none.
private func outerWords(of text: String) -> [[UInt8]] {
  let scalars = text.unicodeScalars
  return [longestWord(of: scalars.prefix(2000)), longestWord(of: scalars.suffix(2000))].compactMap { $0 }
}

/// The longest run of letters and digits, at most 32 bytes of it; nil where there is none.
private func longestWord(of scalars: Substring.UnicodeScalarView) -> [UInt8]? {
  var longest: [UInt8] = []
  var word: [UInt8] = []
  for scalar in scalars {
    guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
      word = []
      continue
    }
    let bytes = Array(String(scalar).utf8)
    guard word.count + bytes.count <= 32 else { continue }
    word += bytes
    if word.count > longest.count { longest = word }
  }
  return longest.isEmpty ? nil : longest
}
