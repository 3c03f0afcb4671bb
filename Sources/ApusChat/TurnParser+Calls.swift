extension TurnParser {
  /// A mark to look for in the content.
  enum Mark { case answerBegins, answerEnds, calls }

  /// The marks that content in this format may have.
  static func marks(_ format: TurnFormat, hasTools: Bool) -> [(mark: Mark, text: [UInt8])] {
    var marks: [(mark: Mark, text: [UInt8])] = []
    if let answer = format.answer {
      marks += [(.answerBegins, Array(answer.open.utf8)), (.answerEnds, Array(answer.close.utf8))]
    }
    if hasTools { marks += Set(format.calls.map(\.opener)).map { (.calls, Array($0.utf8)) } }
    return marks
  }

  /// Looks for marks in the content, and tells what stands before them.
  mutating func scanContent(isEnd: Bool) -> Bool {
    while scanned < buffer.count {
      let byte = buffer[scanned]
      for (mark, text) in marks where text.first == byte && isPlace(for: mark, text) {
        switch match(text, at: scanned, isEnd: isEnd) {
        case .no: continue
        case .more:
          tellContent(to: scanned)
          if isEnd { skip(to: buffer.count) }
          return false
        case .yes:
          tellContent(to: scanned)
          take(mark, text)
          return true
        }
      }
      passByte()
    }
    tellContent(to: scanned)
    return false
  }

  private func isPlace(for mark: Mark, _ text: [UInt8]) -> Bool {
    switch mark {
    case .answerBegins: isAtBeginning && !isInAnswer
    case .answerEnds: isInAnswer
    case .calls where callsComeFirst: isAtBeginning
    // Without marks of their own, calls begin a line or the answer.
    case .calls: text == [UInt8(ascii: "{")] ? isAtLineBeginning : text == [UInt8(ascii: "[")] ? isAtBeginning : true
    }
  }

  private mutating func passByte() {
    switch buffer[scanned] {
    case UInt8(ascii: "\n"): isAtLineBeginning = true
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
    default: (isAtLineBeginning, isAtBeginning) = (false, false)
    }
    scanned += 1
  }

  private mutating func take(_ mark: Mark, _ text: [UInt8]) {
    if mark == .calls {
      others = format.calls.filter { $0.opener.utf8.elementsEqual(text) }[...]
      phase = .calls
      tryNextSyntax()
    } else {
      isInAnswer = mark == .answerBegins
      skip(to: scanned + text.count)
    }
  }

  private mutating func tryNextSyntax() {
    reader = others.popFirst().map {
      CallReader($0, tools, allowsSeveral: allowsSeveral, isTakenAtOnce: isConstrained)
    }
    fed = head
  }

  /// Reads what may be calls; where it is none, it is content, in which calls may still be found.
  mutating func readCalls(isEnd: Bool) -> Bool {
    // Taken out while it changes, so that nothing is copied.
    guard var reader = reader.take() else {
      phase = misread > 4 * received + 4096 ? .rest : .content
      passByte()
      return true
    }
    while reader.status == .reading, fed < buffer.count {
      // Little at first: what is no call mostly shows soon.
      var end = min(buffer.count, fed + max(64, fed - head))
      while end < buffer.count, buffer[end] & 0xC0 == 0x80 { end += 1 }
      reader.feed(buffer[fed..<end])
      fed = end
    }
    if isConstrained { tell(reader.takeEvents()) }
    self.reader = reader
    switch reader.status {
    case .failed: return endMisreading(reader)
    case .stopped: return endCalls(reader)
    case .reading: return isEnd ? endCalls(reader) : false
    }
  }

  private mutating func endMisreading(_ failed: CallReader) -> Bool {
    if isConstrained, failed.count > 0 {
      var reader = failed
      let rest = reader.giveUp()
      tell(reader.takeEvents())
      return endCalls(restAt: rest)
    }
    misread += fed - head
    tryNextSyntax()
    return true
  }

  private mutating func endCalls(_ ended: CallReader) -> Bool {
    var reader = ended
    guard let rest = reader.finish() else {
      if isCut { skip(to: buffer.count) }
      phase = .rest
      return true
    }
    tell(reader.takeEvents())
    return endCalls(restAt: isCut ? buffer.count - head : rest)
  }

  /// The calls are told; what else there is is content.
  private mutating func endCalls(restAt rest: Int) -> Bool {
    reader = nil
    skip(to: head + rest)
    phase = .rest
    return true
  }
}
