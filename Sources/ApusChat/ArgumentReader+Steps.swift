internal import ApusJSON

extension ArgumentReader {
  /// Reads one byte at the place reached; false where it is not the arguments' any more.
  mutating func step(_ byte: UInt8) -> Bool {
    switch place {
    case .text(let isKey): readText(byte, isKey: isKey)
    case .bareKey: readBareKey(byte)
    case .word: return readWord(byte)
    case .value, .key, .colon, .afterValue:
      if isSpace(byte) {
        if notation == .json, !stack.isEmpty { pending.append(byte) }
      } else {
        readMark(byte)
      }
    }
    return status != .failed
  }

  private mutating func readMark(_ byte: UInt8) {
    switch place {
    case .value(let mayClose): beginValue(byte, mayClose: mayClose)
    case .key(let mayClose): beginKey(byte, mayClose: mayClose)
    case .colon:
      guard byte == UInt8(ascii: ":") else { return fail() }
      pending.append(byte)
      place = .value(mayClose: false)
    case .afterValue: readAfterValue(byte)
    case .text, .bareKey, .word: break
    }
  }

  private mutating func beginValue(_ byte: UInt8, mayClose: Bool) {
    switch byte {
    case UInt8(ascii: "{"): open(.object, byte)
    case UInt8(ascii: "["):
      guard !stack.isEmpty else { return fail() }
      open(.array, byte)
    case UInt8(ascii: "]"):
      guard mayClose else { return fail() }
      close(byte)
    default:
      if let reader = TextReader(notation, opening: byte) {
        beginText(reader, isKey: false)
      } else {
        word = [byte]
        place = .word
      }
    }
  }

  private mutating func open(_ container: Container, _ byte: UInt8) {
    guard stack.count < Self.maximumDepth else { return fail() }
    stack.append(container)
    put([byte])
    place = container == .array ? .value(mayClose: true) : .key(mayClose: true)
  }

  private mutating func close(_ byte: UInt8) {
    guard let container = stack.popLast() else { return fail() }
    let expected: UInt8 =
      switch container {
      case .object: UInt8(ascii: "}")
      case .array: UInt8(ascii: "]")
      case .keywords: UInt8(ascii: ")")
      }
    guard byte == expected else {
      stack.append(container)
      return fail()
    }
    put([container == .array ? byte : UInt8(ascii: "}")])
    endValue()
  }

  private mutating func beginKey(_ byte: UInt8, mayClose: Bool) {
    if byte == UInt8(ascii: "}") || byte == UInt8(ascii: ")") {
      guard mayClose else { return fail() }
      return close(byte)
    }
    if hasBareKeys {
      word = [byte]
      place = .bareKey
    } else if let reader = TextReader(notation, opening: byte) {
      beginText(reader, isKey: true)
    } else {
      fail()
    }
  }

  private var hasBareKeys: Bool {
    if case .marked = notation { true } else { stack.last == .keywords }
  }

  private mutating func readBareKey(_ byte: UInt8) {
    let isKeyword = stack.last == .keywords
    if byte == (isKeyword ? UInt8(ascii: "=") : UInt8(ascii: ":")) {
      while let last = word.last, isSpace(last) { word.removeLast() }
      pending += JSONText.quoted(word)
      pending.append(UInt8(ascii: ":"))
      word.removeAll()
      place = .value(mayClose: false)
    } else if word.count < Self.maximumWord, isKeyword ? isNameByte(byte) || byte == 0x20 : !isBareKeyEnd(byte) {
      word.append(byte)
    } else {
      fail()
    }
  }

  private func isNameByte(_ byte: UInt8) -> Bool { isWordByte(byte) || byte >= 0x80 }

  private func isBareKeyEnd(_ byte: UInt8) -> Bool {
    byte < 0x20 || "{}[],<>\"".utf8.contains(byte)
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// Reads a byte behind the beginning of a number or literal; false where it ends the arguments.
  private mutating func readWord(_ byte: UInt8) -> Bool {
    if isWordByte(byte) {
      word.append(byte)
      if word.count > Self.maximumWord { fail() }
      return status != .failed
    }
    endWord()
    guard status == .reading else { return false }
    return step(byte)
  }

  /// Ends a number or literal, where nothing more can belong to it.
  mutating func endWord() {
    guard case .word = place else { return }
    guard let json = JSONText.scalar(word, notation) else { return fail() }
    word.removeAll()
    if stack.isEmpty {
      guard json.elementsEqual("null".utf8) else { return fail() }
      pending.removeAll()
      put("{}".utf8)
      endValue()
    } else {
      put(json)
      endValue()
    }
  }

  private mutating func readAfterValue(_ byte: UInt8) {
    guard byte == UInt8(ascii: ",") else { return close(byte) }
    pending.append(byte)
    place = stack.last == .array ? .value(mayClose: false) : .key(mayClose: false)
  }

  private mutating func readText(_ byte: UInt8, isKey: Bool) {
    guard var reader = text else { return fail() }
    var json: [UInt8] = []
    switch reader.read(byte, into: &json) {
    case .reading:
      text = reader
      takeText(json, isKey: isKey)
    case .complete:
      takeText(json, isKey: isKey)
      endText(isKey: isKey)
    case .failed: fail()
    }
  }
}
