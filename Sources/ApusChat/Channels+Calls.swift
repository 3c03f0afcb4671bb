extension Channels {
  mutating func beginCall(_ name: String, at body: Int) {
    self.name = name
    reader = ArgumentReader(.json)
    arguments = []
    isTold = false
    fed = body
    state = .call
  }

  mutating func readCall(isEnd: Bool) -> Bool {
    guard var reader else { return become(.rest) }
    if isEnd, fed == buffer.count, reader.stack.isEmpty { reader.endWord() }
    while fed < buffer.count, reader.status == .reading, reader.read(buffer[fed]) { fed += 1 }
    arguments += reader.takeOutput()
    self.reader = reader
    if isConstrained { tellArguments() }
    switch reader.status {
    case .reading: return isEnd ? endCutCall(reader) : false
    case .failed: return endMisreading(reader.closing, from: fed - reader.pendingInput.count)
    case .complete: return endCall(isEnd: isEnd)
    }
  }

  private mutating func tellArguments() {
    if !isTold {
      isTold = true
      events.append(.callBegins(index: calls, id: nil, name: name))
    }
    if !arguments.isEmpty {
      events.append(.callArguments(index: calls, String(decoding: arguments, as: UTF8.self)))
      arguments = []
    }
  }

  private mutating func endCutCall(_ reader: ArgumentReader) -> Bool {
    arguments += reader.unfinished
    guard isTold || !arguments.isEmpty else { return become(.rest) }
    tellArguments()
    calls += 1
    skip(to: buffer.count)
    return false
  }

  /// What was to be a call is none, from a position on: it is content, or was told and is made valid.
  private mutating func endMisreading(_ closing: [UInt8], from position: Int) -> Bool {
    if isTold {
      arguments = closing
      tellArguments()
      events.append(.callEnds(index: calls))
      calls += 1
      skip(to: position)
    }
    return become(.rest)
  }

  /// Behind complete arguments: a mark that ends the message, the next message, or the end of the turn.
  private mutating func endCall(isEnd: Bool) -> Bool {
    var position = fed
    while position < buffer.count, isSpace(buffer[position]) { position += 1 }
    guard position < buffer.count || isEnd else { return false }
    for mark in ["<|call|>", "<|end|>", "<|start|>"] {
      let there = buffer[position...].prefix(mark.utf8.count)
      guard !there.isEmpty, mark.utf8.starts(with: there) else { continue }
      guard there.count == mark.utf8.count || isEnd else { return false }
      if mark != "<|start|>" { position += there.count }
      return endCall(at: position)
    }
    if position == buffer.count { return endCall(at: position) }
    return endMisreading([], from: fed)
  }

  private mutating func endCall(at position: Int) -> Bool {
    tellArguments()
    events.append(.callEnds(index: calls))
    calls += 1
    skip(to: position)
    scanned = head
    reader = nil
    state = .header
    return true
  }
}
