internal import ApusJSON

extension CallReader {
  /// Reads a call that is a JSON object, member by member.
  mutating func stepObject() -> Bool {
    guard case .object(let keys) = syntax.shape else {
      fail()
      return false
    }
    switch state {
    case .objectOpen: return require("{", then: .objectKey(mayClose: false))
    case .objectKey: return readKey(keys)
    case .objectValue(let key): return readMember(key, keys)
    case .objectNext: return readObjectNext()
    default: return false
    }
  }

  private mutating func readKey(_ keys: CallSyntax.Keys) -> Bool {
    skipSpace()
    let start = at
    guard let key = readString() else {
      if status == .reading, mayBeOther, !mayBecomeKey(keys) { fail() }
      return false
    }
    if mayBeOther, !isKey(key, bytes[start..<at], keys) {
      fail()
      return false
    }
    skipSpace()
    guard at < bytes.count else {
      at = start
      return false
    }
    guard bytes[at] == UInt8(ascii: ":") else {
      fail()
      return false
    }
    at += 1
    if keys.name == nil {
      takeName(key)
      guard status == .reading else { return false }
      beginValue(.json)
    } else {
      state = .objectValue(key: key)
    }
    return true
  }

  private mutating func readMember(_ key: String, _ keys: CallSyntax.Keys) -> Bool {
    skipSpace()
    guard at < bytes.count else { return false }
    switch key {
    case keys.name:
      let (start, mayBeOther) = (at, mayBeOther)
      guard let text = readString() else {
        if status == .reading, mayBeOther, !mayBecomeName(bytes[start...]) { fail() }
        return false
      }
      if mayBeOther, !isPlain(bytes[start..<at], text) {
        fail()
        return false
      }
      takeMember(key, text, keys)
    case "type", keys.id ?? "id":
      guard let text = key == "type" ? readString() : readID() else { return false }
      takeMember(key, text, keys)
    case keys.arguments:
      guard call.reader == nil else {
        fail()
        return false
      }
      beginValue(.json)
    case "function" where keys.mayBeWrapped && call.wrappers == 0 && bytes[at] == UInt8(ascii: "{"):
      call.wrappers += 1
      state = .objectOpen
    default: fail()
    }
    return status == .reading
  }

  private mutating func takeMember(_ key: String, _ text: String, _ keys: CallSyntax.Keys) {
    state = .objectNext
    if key == keys.name {
      takeName(text)
      if status == .reading, call.reader != nil { beginCall() }
    } else if key == "type" {
      if text != "function" { fail() }
    } else {
      takeID(text)
    }
  }

  private mutating func readObjectNext() -> Bool {
    skipSpace()
    guard at < bytes.count else { return false }
    switch bytes[at] {
    case UInt8(ascii: ","):
      at += 1
      state = .objectKey(mayClose: false)
    case UInt8(ascii: "}"):
      at += 1
      if call.wrappers > 0 {
        call.wrappers -= 1
      } else {
        guard call.reader?.status == .complete, call.name != nil else {
          fail()
          return false
        }
        endCall()
        state = .callClose
      }
    default:
      fail()
      return false
    }
    return true
  }

  // MARK: What may be other JSON

  /// Whether what was read may be any JSON yet, as no mark stands before it.
  ///
  /// A grammar keeps it in form only behind a tool's name, in the one spelling that it knows: all else is text.
  private var mayBeOther: Bool { isTakenAtOnce && call.name == nil && ["{", "["].contains(syntax.opener) }

  /// Whether a call's name is in its first member.
  private var beginsWithName: Bool { syntax.opener == "{" && call.wrappers == 0 }

  /// Whether `spelling` is that of a text in a grammar.
  private func isPlain(_ spelling: some Sequence<UInt8>, _ text: String) -> Bool {
    spelling.elementsEqual(JSONValue.string(text).text.utf8)
  }

  /// Whether a key may be that of a call, before its name is known.
  private func isKey(_ key: String, _ spelling: some Sequence<UInt8>, _ keys: CallSyntax.Keys) -> Bool {
    guard let name = keys.name else { return tools[key.utf8] != nil && isPlain(spelling, key) }
    return key == name ? isPlain(spelling, key) : !beginsWithName
  }

  /// Whether a text in quotes that is not all there may become the key that a call begins with.
  private func mayBecomeKey(_ keys: CallSyntax.Keys) -> Bool {
    guard let name = keys.name else { return mayBecomeName(bytes[at...]) }
    return !beginsWithName || JSONValue.string(name).text.utf8.starts(with: bytes[at...])
  }

  /// Whether a text in quotes that is not all there may become a tool's name.
  private func mayBecomeName(_ text: some Sequence<UInt8>) -> Bool {
    tools.names.contains { JSONValue.string(String(decoding: $0, as: UTF8.self)).text.utf8.starts(with: text) }
  }

  // MARK: Texts

  /// Reads a text in JSON's quotes; nil where it is not all there, or none.
  private mutating func readString() -> String? {
    guard at < bytes.count else { return nil }
    guard bytes[at] == UInt8(ascii: "\"") else {
      fail()
      return nil
    }
    var end = at + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
    guard end < bytes.count else {
      if end - at > Self.maximumName { fail() }
      return nil
    }
    guard case .string(let text)? = try? JSONParser.parse(Array(bytes[at...end])) else {
      fail()
      return nil
    }
    at = end + 1
    return text
  }

  /// Reads an id, a text or a whole number.
  private mutating func readID() -> String? {
    if bytes[at] == UInt8(ascii: "\"") { return readString() }
    let digits = bytes[at...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard !digits.isEmpty, digits.count < Self.maximumName else {
      fail()
      return nil
    }
    guard digits.endIndex < bytes.count else { return nil }
    at = digits.endIndex
    return String(decoding: digits, as: UTF8.self)
  }
}
