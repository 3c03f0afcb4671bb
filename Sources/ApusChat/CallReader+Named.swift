internal import ApusJSON
internal import ApusText

extension CallReader {
  /// Reads a call whose name stands before its arguments.
  mutating func stepNamed() -> Bool {
    guard case .named(let named) = syntax.shape else {
      fail()
      return false
    }
    switch state {
    case .beforeName: return require(named.beforeName, then: .name)
    case .name: return readName(named)
    case .beforeArguments:
      guard require(named.beforeArguments, then: .value) else { return false }
      if status == .reading { beginArguments(named.arguments) }
      return true
    case .afterArguments: return require(named.afterArguments, then: .callClose)
    default:
      guard case .tagged(let tags) = named.arguments else {
        fail()
        return false
      }
      return stepTags(tags, ends: [named.afterArguments, syntax.call.close].filter { !$0.withoutOuterSpace.isEmpty })
    }
  }

  private mutating func beginArguments(_ arguments: CallSyntax.Arguments) {
    switch arguments {
    case .value(let notation): beginValue(notation)
    case .tagged:
      tell(arguments: [UInt8(ascii: "{")])
      state = .tagNext
    }
  }

  /// Reads the name, and the id where it stands behind the name.
  private mutating func readName(_ named: CallSyntax.Named) -> Bool {
    skipSpace()
    guard let end = endOfName(named) else {
      if bytes.count - at > Self.maximumName || isTakenAtOnce && !mayBecomeName(named) { fail() }
      return false
    }
    var name = bytes[at..<end]
    if let mark = named.beforeID?.withoutOuterSpace, let position = Array(name).position(of: Array(mark.utf8)) {
      call.id = String(decoding: name.dropFirst(position + mark.utf8.count), as: UTF8.self).withoutOuterSpace
      name = name.prefix(position)
    }
    while let last = name.last, isSpace(last) { name.removeLast() }
    if named.isNumbered {
      let number = name.reversed().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
      call.id = named.beforeName + String(decoding: name, as: UTF8.self)
      name = name.dropLast(number)
      guard number > 0, name.popLast() == UInt8(ascii: ":") else {
        fail()
        return false
      }
    }
    takeName(String(decoding: name, as: UTF8.self))
    at = end
    state = .beforeArguments
    return status == .reading
  }

  /// Where the name ends; nil where that is not known yet.
  private func endOfName(_ named: CallSyntax.Named) -> Int? {
    let mark = Array(named.beforeArguments.withoutOuterSpace.utf8)
    if !mark.isEmpty {
      return Array(bytes[at...].prefix(Self.maximumName)).position(of: mark).map { at + $0 }
    }
    return bytes[at...].prefix(Self.maximumName).firstIndex { isSpace($0) || "<{([".utf8.contains($0) }
  }

  /// Whether what there is may become a tool's name and the mark behind it; otherwise it need not be held back.
  private func mayBecomeName(_ named: CallSyntax.Named) -> Bool {
    let text = bytes[at...]
    let mark = Array(named.beforeArguments.withoutOuterSpace.utf8)
    return tools.names.contains { name in
      if text.count <= name.count { return name.starts(with: text) }
      guard text.starts(with: name) else { return false }
      if named.beforeID != nil || named.isNumbered { return true }
      return mark.starts(with: text.dropFirst(name.count).drop { isSpace($0) })
    }
  }

  // MARK: Arguments between marks

  private mutating func stepTags(_ tags: CallSyntax.Tags, ends: [String]) -> Bool {
    switch state {
    case .tagNext: return readTagNext(tags, ends: ends)
    case .tagKey: return readTagKey(tags)
    case .tagValueOpen:
      return beginTaggedValue(tags)
    case .tagValue: return readTaggedValue(tags, ends: ends)
    default: return false
    }
  }

  private mutating func readTagNext(_ tags: CallSyntax.Tags, ends: [String]) -> Bool {
    switch read(tags.key.open) {
    case .yes:
      state = .tagKey
      return true
    case .more: return false
    case .no: break
    }
    switch match(ends.first ?? "", at: at) {
    case .yes:
      guard let tool = call.tool, tool.accepts(keys: call.keys) else {
        fail()
        return false
      }
      tell(arguments: [UInt8(ascii: "}")])
      endCall()
      state = .afterArguments
      return true
    case .more: return false
    case .no:
      if at < bytes.count { fail() }
      return false
    }
  }

  private mutating func readTagKey(_ tags: CallSyntax.Tags) -> Bool {
    let there = Array(bytes[at...].prefix(Self.maximumName))
    guard let (length, end) = endOfKey(in: there, Array(tags.key.close.withoutOuterSpace.utf8)) else {
      if there.count == Self.maximumName { fail() }
      return false
    }
    let key = Array(String(decoding: there[..<length], as: UTF8.self).withoutOuterSpace.utf8)
    guard let tool = call.tool, tool.takesOthers || tool.parameters[key] != nil, call.keys.insert(key).inserted else {
      fail()
      return false
    }
    at += end
    call.value = TaggedValue(key: key, kinds: tool.parameters[key] ?? .any, isFirst: call.keys.count == 1)
    state = .tagValueOpen
    return true
  }

  /// The length of a key, and where its mark ends: other attributes may stand behind a key in quotes.
  private func endOfKey(in bytes: [UInt8], _ mark: [UInt8]) -> (length: Int, end: Int)? {
    guard mark.first == UInt8(ascii: "\""), mark.last == UInt8(ascii: ">") else {
      return bytes.position(of: mark).map { ($0, $0 + mark.count) }
    }
    guard let length = bytes.firstIndex(of: UInt8(ascii: "\"")),
      let end = bytes[length...].firstIndex(of: UInt8(ascii: ">"))
    else { return nil }
    return (length, end + 1)
  }

  private mutating func beginTaggedValue(_ tags: CallSyntax.Tags) -> Bool {
    // White space before a value without a mark is the value's.
    if tags.value.open.withoutOuterSpace.isEmpty {
      state = .tagValue
    } else if !require(tags.value.open, then: .tagValue) {
      return false
    }
    call.value?.begin(at: at)
    return status == .reading
  }

  private mutating func readTaggedValue(_ tags: CallSyntax.Tags, ends: [String]) -> Bool {
    guard var value = call.value else {
      fail()
      return false
    }
    let close = value.findEnd(in: self, tags, ends: ends)
    guard let json = value.take(until: close, of: bytes, tags) else {
      fail()
      return false
    }
    at = value.taken
    tell(arguments: json)
    guard let close else {
      call.value = value
      return false
    }
    call.value = nil
    at = close + tags.value.close.withoutOuterSpace.utf8.count
    told = at
    state = .tagNext
    return true
  }
}
