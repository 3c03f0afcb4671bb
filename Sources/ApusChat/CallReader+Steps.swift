internal import ApusJSON

extension CallReader {
  enum Match { case yes, no, more }

  /// Does what can be done with the bytes that are there; false where more are needed.
  mutating func step() -> Bool {
    switch state {
    case .section: return require(syntax.section.open, then: syntax.isList ? .list : .callOpen)
    case .list: return require("[", then: .callOpen)
    case .callOpen: return require(syntax.call.open, then: firstState)
    case .objectOpen, .objectKey, .objectValue, .objectNext: return stepObject()
    case .beforeName, .name, .beforeArguments, .tagNext, .tagKey, .tagValueOpen, .tagValue, .afterArguments:
      return stepNamed()
    case .value: return readValue()
    case .callClose: return allow(syntax.call.close, then: .next)
    case .next: return stepNext()
    case .sectionClose: return allow(syntax.section.close, then: .end)
    case .end:
      skipSpace()
      if at < bytes.count { fail() }
      return false
    }
  }

  private var firstState: State {
    if case .object = syntax.shape { .objectOpen } else { .beforeName }
  }

  // MARK: Marks

  mutating func skipSpace() {
    while at < bytes.count, isSpace(bytes[at]) { at += 1 }
  }

  /// Whether a mark, without the white space at its ends, stands at a position.
  func match(_ mark: String, at position: Int) -> Match {
    let mark = Array(mark.withoutOuterSpace.utf8)
    let there = bytes[min(position, bytes.count)...].prefix(mark.count)
    guard mark.starts(with: there) else { return .no }
    return there.count == mark.count ? .yes : .more
  }

  /// Reads a mark where it stands, behind any white space.
  mutating func read(_ mark: String) -> Match {
    skipSpace()
    let match = match(mark, at: at)
    if match == .yes { at += mark.withoutOuterSpace.utf8.count }
    return match
  }

  /// Reads a mark that must be there.
  mutating func require(_ mark: String, then next: State) -> Bool {
    switch read(mark) {
    case .yes: state = next
    case .no: fail()
    case .more: return false
    }
    return true
  }

  /// Reads a mark behind a call, which may be left out.
  private mutating func allow(_ mark: String, then next: State) -> Bool {
    let match = mark.isEmpty ? .no : read(mark)
    if match == .more { return false }
    if match == .yes { told = at }
    state = next
    return true
  }

  /// Reads what stands behind a call.
  private mutating func stepNext() -> Bool {
    skipSpace()
    guard at < bytes.count else { return false }
    if syntax.isList { return stepList() }
    let mark = nextMark
    switch mark.isEmpty ? .no : match(mark, at: at) {
    case .yes:
      beginNext()
      state = .callOpen
    case .no: state = .sectionClose
    case .more: return false
    }
    return true
  }

  /// What tells that another call begins.
  private var nextMark: String {
    let open = syntax.call.open.withoutOuterSpace
    if !open.isEmpty { return open }
    if case .named(let named) = syntax.shape { return named.beforeName }
    return ""
  }

  private mutating func stepList() -> Bool {
    switch bytes[at] {
    case UInt8(ascii: ","):
      beginNext()
      at += 1
      state = .callOpen
    case UInt8(ascii: "]"):
      at += 1
      told = at
      state = .sectionClose
    default: fail()
    }
    return true
  }

  // MARK: Arguments that are one value

  mutating func beginValue(_ notation: ArgumentNotation) {
    call.reader = ArgumentReader(notation)
    state = .value
  }

  private mutating func readValue() -> Bool {
    guard var reader = call.reader.take() else {
      fail()
      return false
    }
    while at < bytes.count, reader.status == .reading {
      if reader.read(bytes[at]) { at += 1 } else { break }
    }
    let end = at
    at -= reader.pendingInput.count
    tell(arguments: reader.takeOutput())
    at = end
    call.reader = reader
    switch reader.status {
    case .reading: return false
    case .failed: fail()
    case .complete: endValue()
    }
    return true
  }

  private mutating func endValue() {
    if case .object = syntax.shape {
      state = .objectNext
      return
    }
    if call.reader?.notation == .python, !hasFittingKeys { return fail() }
    endCall()
    state = .afterArguments
  }

  private var hasFittingKeys: Bool {
    guard case .object(let object)? = try? JSONParser.parse(call.arguments), let tool = call.tool else { return false }
    return tool.accepts(keys: Set(object.keys.map { Array($0.utf8) }))
  }
}
