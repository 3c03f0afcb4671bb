/// What a person does to a line.
package enum Key: Sendable, Equatable {
  case insert(String)
  /// Text that was pasted, line ends and all.
  case paste(String)
  case enter, cancel, endOfInput
  case left, right, wordLeft, wordRight, home, end
  case up, down
  case backspace, delete, killToEnd, killToStart, killWord
  case clearScreen
}

/// Turns the bytes of a terminal into keys, however they are cut.
package struct KeyDecoder {
  private var pending: [UInt8] = []
  /// What was pasted so far, between the terminal's two marks.
  private var pasted: [UInt8]?

  private static let pasteStart = Array("\u{1B}[200~".utf8)
  private static let pasteEnd = Array("\u{1B}[201~".utf8)
  /// Pasted text beyond this is dropped.
  private static let pasteLimit = 1 << 20

  package init() {}

  /// The keys that are complete with `bytes`.
  package mutating func feed(_ bytes: [UInt8]) -> [Key] {
    var keys: [Key] = []
    for byte in bytes { if let key = feed(byte) { keys.append(key) } }
    return keys
  }

  private mutating func feed(_ byte: UInt8) -> Key? {
    if pasted != nil { return feedPaste(byte) }
    pending.append(byte)
    if pending == Self.pasteStart {
      pending = []
      pasted = []
      return nil
    }
    switch pending[0] {
    case 0x1B: return escape()
    case 0..<0x20, 0x7F:
      pending = []
      return Self.control(byte)
    default: return text()
    }
  }

  private mutating func feedPaste(_ byte: UInt8) -> Key? {
    pasted?.append(byte)
    guard let bytes = pasted, byte == UInt8(ascii: "~"), bytes.suffix(6).elementsEqual(Self.pasteEnd) else {
      if let count = pasted?.count, count > Self.pasteLimit { pasted?.removeFirst(count - Self.pasteLimit) }
      return nil
    }
    pasted = nil
    let text = String(decoding: bytes.dropLast(6), as: UTF8.self)
    return .paste(text.unicodeScalars.reduce(into: "") { $0.unicodeScalars.append($1 == "\r" ? "\n" : $1) })
  }

  /// A whole character, or nil while its end is to come.
  private mutating func text() -> Key? {
    let length = pending[0] < 0x80 ? 1 : pending[0] < 0xE0 ? 2 : pending[0] < 0xF0 ? 3 : 4
    guard pending.count >= length else { return nil }
    defer { pending = [] }
    return String(validating: pending, as: UTF8.self).map { .insert($0) }
  }

  private static func control(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x01: .home
    case 0x02: .left
    case 0x03: .cancel
    case 0x04: .endOfInput
    case 0x05: .end
    case 0x06: .right
    case 0x08, 0x7F: .backspace
    case 0x09: .insert("\t")
    case 0x0A, 0x0D: .enter
    case 0x0B: .killToEnd
    case 0x0C: .clearScreen
    case 0x0E: .down
    case 0x10: .up
    case 0x15: .killToStart
    case 0x17: .killWord
    default: nil
    }
  }

  /// A key that begins with escape, or nil while its end is to come; unknown ones are dropped.
  private mutating func escape() -> Key? {
    guard pending.count > 1 else { return nil }
    guard pending[1] == UInt8(ascii: "[") || pending[1] == UInt8(ascii: "O") else {
      defer { pending = [] }
      return Self.meta(pending[1])
    }
    guard pending.count > 2, let last = pending.last, (0x40...0x7E).contains(last) else {
      if pending.count > 16 { pending = [] }
      return nil
    }
    defer { pending = [] }
    return Self.sequence(String(decoding: pending.dropFirst(2), as: UTF8.self))
  }

  private static func meta(_ byte: UInt8) -> Key? {
    switch byte {
    case UInt8(ascii: "b"): .wordLeft
    case UInt8(ascii: "f"): .wordRight
    case 0x7F: .killWord
    default: nil
    }
  }

  private static func sequence(_ text: String) -> Key? {
    switch text {
    case "A": .up
    case "B": .down
    case "C": .right
    case "D": .left
    case "H", "1~", "7~": .home
    case "F", "4~", "8~": .end
    case "3~": .delete
    case "1;5D", "1;3D": .wordLeft
    case "1;5C", "1;3C": .wordRight
    default: nil
    }
  }
}
