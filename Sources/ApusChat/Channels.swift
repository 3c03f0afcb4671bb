internal import ApusText

/// Reads a turn that is a row of messages on channels, as gpt-oss writes it.
///
/// A message has a header, which names its channel and its recipient, and a body. The channel `analysis` is reasoning,
/// what is said to a function is a call, all else is content.
struct Channels: Sendable {
  enum State {
    case header
    case reasoning
    case content
    case call
    /// Content, whatever it looks like.
    case rest
  }

  static let marks = ["<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>", "<|call|>"]
  /// How a model should write a call behind the header's beginning, `<|start|>assistant`.
  static var callSyntax: CallSyntax {
    var syntax = CallSyntax(
      .named(
        .init(beforeName: "to=functions.", beforeArguments: " <|constrain|>json<|message|>", .value(.json))))
    syntax.call = .init("<|channel|>commentary ", "<|call|>")
    syntax.separator = "<|start|>assistant"
    return syntax
  }

  private static let start = Array("<|start|>".utf8)
  private static let message = Array("<|message|>".utf8)
  private static let end = Array("<|end|>".utf8)
  /// The most bytes of a header.
  private static let maximumHeader = 512

  private let tools: ToolTable
  private let allowsSeveral: Bool
  let isConstrained: Bool
  var state = State.header
  var events: [TurnEvent] = []
  var buffer: [UInt8] = []
  var head = 0
  var scanned = 0
  var calls = 0
  private var content = SpaceHolder()
  private var reasoning = SpaceHolder()
  var reader: ArgumentReader?
  /// The name in the header of the call that is being read, its arguments so far, and where its body begins.
  var name = ""
  var arguments: [UInt8] = []
  var fed = 0
  var isTold = false
  var isCut = false

  init(_ tools: ToolTable, allowsSeveral: Bool, isConstrained: Bool) {
    self.tools = tools
    self.allowsSeveral = allowsSeveral
    self.isConstrained = isConstrained
  }

  /// Reads more text; everything at the end.
  mutating func read(_ bytes: ArraySlice<UInt8>, isEnd: Bool, isCut: Bool) -> [TurnEvent] {
    buffer += bytes
    self.isCut = isCut
    while step(isEnd: isEnd) {}
    buffer.removeFirst(head)
    (scanned, fed, head) = (scanned - head, fed - head, 0)
    if isEnd, calls == 0 { tell(content: content.end()) }
    defer { events.removeAll() }
    return events
  }

  private mutating func step(isEnd: Bool) -> Bool {
    switch state {
    case .header: return readHeader(isEnd: isEnd)
    case .reasoning, .content: return readBody(isEnd: isEnd)
    case .call: return readCall(isEnd: isEnd)
    case .rest:
      passContent(to: buffer.count)
      return false
    }
  }

  // MARK: Headers

  private mutating func readHeader(isEnd: Bool) -> Bool {
    guard head < buffer.count else { return false }
    let isHeader = ["<|start|>", "<|channel|>", "to=", " to="].contains { mark in
      let there = buffer[head...].prefix(mark.utf8.count)
      return mark.utf8.starts(with: there)
    }
    guard isHeader else { return become(.rest) }
    scanned = max(scanned, head)
    while scanned < buffer.count {
      guard buffer[scanned] == Self.message[0] else {
        scanned += 1
        continue
      }
      let there = buffer[scanned...].prefix(Self.message.count)
      if there.elementsEqual(Self.message) { return endHeader() }
      if Self.message.starts(with: there), !isEnd { return false }
      scanned += 1
    }
    if isEnd, isCut { skip(to: buffer.count) }
    return isEnd || scanned - head > Self.maximumHeader ? become(.rest) : false
  }

  mutating func become(_ next: State) -> Bool {
    state = next
    scanned = head
    return true
  }

  private mutating func endHeader() -> Bool {
    let header = String(decoding: buffer[head..<scanned], as: UTF8.self)
    guard Self.isKnown(header) else { return become(.rest) }
    let body = scanned + Self.message.count
    let recipient = Self.word(behind: "to=", in: header)
    let function = recipient.hasPrefix("functions.") ? String(recipient.dropFirst("functions.".count)) : nil
    if let function {
      guard tools[function.utf8] != nil, allowsSeveral || calls == 0 else { return become(.rest) }
      beginCall(function, at: body)
      return true
    }
    guard recipient.isEmpty || recipient == "assistant" || recipient == "user" else { return become(.rest) }
    let channel = Self.word(behind: "<|channel|>", in: header)
    state = channel == "analysis" ? .reasoning : .content
    (head, scanned) = (body, body)
    return true
  }

  /// Whether nothing is in a header but what may be there.
  private static func isKnown(_ header: String) -> Bool {
    var words = header.utf8.split { isSpace($0) || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }
    words.removeAll { word in
      word.starts(with: "to=".utf8) || knownWords.contains { word.elementsEqual($0.utf8) }
    }
    return words.isEmpty
  }

  private static let knownWords = [
    "|start|", "|channel|", "|constrain|", "assistant", "analysis", "commentary", "final", "json", "code",
  ]

  /// The word behind the last such mark in a header; empty where there is none.
  private static func word(behind mark: String, in header: String) -> String {
    let bytes = Array(header.utf8)
    guard let position = bytes.positions(of: Array(mark.utf8)).last else { return "" }
    let word = bytes[(position + mark.utf8.count)...].prefix { !isSpace($0) && $0 != UInt8(ascii: "<") }
    return String(decoding: word, as: UTF8.self)
  }

  // MARK: Text

  private mutating func readBody(isEnd: Bool) -> Bool {
    while scanned < buffer.count {
      guard buffer[scanned] == Self.end[0] else {
        scanned += 1
        continue
      }
      switch isEndOfMessage(at: scanned, isEnd: isEnd) {
      case .no: scanned += 1
      case .more:
        pass(to: scanned)
        return false
      case .yes:
        pass(to: scanned)
        skip(to: min(buffer.count, scanned + Self.end.count))
        return become(.header)
      }
    }
    pass(to: scanned)
    return false
  }

  /// Whether a message ends here: only where nothing or another message follows.
  private func isEndOfMessage(at position: Int, isEnd: Bool) -> CallReader.Match {
    let there = buffer[position...].prefix(Self.end.count)
    guard Self.end.starts(with: there) else { return .no }
    guard there.count == Self.end.count else { return isEnd ? .no : .more }
    let next = buffer[(position + Self.end.count)...].prefix(Self.start.count)
    guard Self.start.starts(with: next) else { return .no }
    return next.count == Self.start.count || isEnd ? .yes : .more
  }

  private mutating func pass(to position: Int) {
    guard state == .reasoning else { return passContent(to: position) }
    let text = reasoning.add(buffer[head..<position], dropsBeginning: true)
    if !text.isEmpty { events.append(.reasoning(String(decoding: text, as: UTF8.self))) }
    skip(to: position)
  }

  private mutating func passContent(to position: Int) {
    tell(content: content.add(buffer[head..<position], dropsBeginning: false))
    skip(to: position)
  }

  private mutating func tell(content bytes: [UInt8]) {
    if !bytes.isEmpty { events.append(.content(String(decoding: bytes, as: UTF8.self))) }
  }

  mutating func skip(to position: Int) {
    head = position
    scanned = max(scanned, head)
  }
}
