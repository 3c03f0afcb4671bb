/// The first message of which `prompt` holds nothing: its longest word is not there.
///
/// A word, not the whole text, since templates may trim and mark what is said. The assistant's messages are left out of
/// this: many templates cut the reasoning out of them. Linear: where a template changes the order of messages, only
/// some are looked for.
func firstDropped(of messages: [ChatMessage], in prompt: String) -> Int? {
  let prompt = Array(prompt.utf8)
  var position = 0
  var rescans = 4
  for (index, message) in messages.enumerated() where message.role != .assistant {
    guard let word = longestWord(of: message.content) else { continue }
    if let found = prompt.position(of: word, from: position) {
      position = found
      continue
    }
    if prompt.position(of: word) == nil { return index }
    rescans -= 1
    if rescans == 0 { return nil }
  }
  return nil
}

/// The longest run of letters and digits near the beginning of `text`, at most 32 bytes of it; nil where it has none.
private func longestWord(of text: String) -> [UInt8]? {
  var longest: [UInt8] = []
  var word: [UInt8] = []
  for scalar in text.unicodeScalars.prefix(2000) {
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

extension [UInt8] {
  /// Where `part` first stands at or behind `start`; nil where it does not.
  ///
  /// Quick for short parts.
  func position(of part: [UInt8], from start: Int = 0) -> Int? {
    guard let first = part.first, count >= part.count else { return part.isEmpty ? start : nil }
    let last = count - part.count
    var position = start
    while position <= last {
      if self[position] == first, self[position..<position + part.count].elementsEqual(part) { return position }
      position += 1
    }
    return nil
  }
}
