package import ApusJSON

/// Tells what a model's turn means while it comes: answer, reasoning, calls.
///
/// One for each response; pure. What the events say together does not depend on the pieces in which the text came.
/// Nothing is taken back, and nothing is lost: what looks like a call and is none is content. Where a grammar keeps
/// calls in form (`isConstrained`), they are told as they come. Otherwise they are told when the turn is over, as only
/// then it is known that they are calls: text behind a call makes text of it. Linear in the length of the text.
package struct TurnParser: Sendable {
  enum Phase {
    /// Nothing but white space so far.
    case start
    case reasoning
    case content
    /// Calls may have begun at `head`.
    case calls
    /// Messages on channels.
    case channels
    /// Content, whatever it looks like.
    case rest
  }

  let format: TurnFormat
  let tools: ToolTable
  let allowsSeveral: Bool
  let isConstrained: Bool
  let callsComeFirst: Bool
  let marks: [(mark: Mark, text: [UInt8])]
  var phase: Phase
  private var events: [TurnEvent] = []
  /// Text, from `head` on that which no event stands for yet.
  var buffer: [UInt8] = []
  var head = 0
  /// Up to where no mark begins.
  var scanned = 0
  private var content = SpaceHolder()
  private var reasoning = SpaceHolder()
  private var hasReasoned = false
  private var hasCalled = false
  /// Whether only white space stands before the next byte to scan, in the content or in its line.
  var isAtBeginning = true
  var isAtLineBeginning = true
  /// Whether the mark before the answer was read, and not the one behind it.
  var isInAnswer = false
  /// What reads calls from `head` on, how many bytes it has, and which syntaxes are left to try.
  var reader: CallReader?
  var fed = 0
  var others: ArraySlice<CallSyntax> = []
  /// How many bytes were read as calls that were none, and how many came at all.
  var misread = 0
  var received = 0
  private var channels: Channels?
  /// Whether the turn is over because it was cut off.
  private(set) var isCut = false

  /// Makes a parser for one turn.
  ///
  /// `tools` are the definitions that the request came with; what is malformed in them is ignored.
  /// `startsInReasoning` is what `TurnFormat.startsInReasoning(after:)` says of the prompt. Where the answer must fit a
  /// constraint, calls come instead of it (`callsComeFirst`): what looks like one in it is its text.
  package init(
    _ format: TurnFormat, tools: [JSONValue], choice: ToolChoice = .auto, allowsSeveral: Bool = true,
    isConstrained: Bool = false, callsComeFirst: Bool = false, startsInReasoning: Bool
  ) {
    self.format = format
    self.tools = ToolTable(choice == .none ? [] : tools)
    self.allowsSeveral = allowsSeveral
    self.isConstrained = isConstrained
    self.callsComeFirst = callsComeFirst
    marks = Self.marks(format, hasTools: !self.tools.isEmpty)
    phase = startsInReasoning ? .reasoning : .start
    if format.hasChannels {
      phase = .channels
      channels = Channels(self.tools, allowsSeveral: allowsSeveral, isConstrained: isConstrained)
    }
  }

  /// Reads more of the turn.
  package mutating func feed(_ text: String) -> [TurnEvent] {
    buffer += text.utf8
    received += text.utf8.count
    return run(isEnd: false)
  }

  /// The turn is over; what was held back is let out.
  ///
  /// A call whose arguments were cut off has no `callEnds`.
  ///
  /// Where the turn was cut off (`isCut`), the beginning of a mark or of a call without arguments at its end is left
  /// out; otherwise it is content.
  package mutating func finish(isCut: Bool = false) -> [TurnEvent] {
    self.isCut = isCut
    var events = run(isEnd: true)
    let space = content.end()
    let isWanted = content.hasBegun || !hasReasoned
    if isWanted, !hasCalled, !space.isEmpty { events.append(.content(String(decoding: space, as: UTF8.self))) }
    return events
  }

  private mutating func run(isEnd: Bool) -> [TurnEvent] {
    while step(isEnd: isEnd) {}
    buffer.removeFirst(head)
    (scanned, fed, head) = (scanned - head, fed - head, 0)
    defer { events.removeAll() }
    return events
  }

  /// Goes on as far as the text allows; false where more is needed, or nothing is left.
  private mutating func step(isEnd: Bool) -> Bool {
    switch phase {
    case .start: return readStart(isEnd: isEnd)
    case .reasoning: return readReasoning(isEnd: isEnd)
    case .content: return scanContent(isEnd: isEnd)
    case .calls: return readCalls(isEnd: isEnd)
    case .channels:
      tell(channels?.read(buffer[head...], isEnd: isEnd, isCut: isCut) ?? [])
      skip(to: buffer.count)
      return false
    case .rest:
      tellContent(to: buffer.count)
      return false
    }
  }

  /// Whether `mark` stands at a position; `more` where its beginning ends the text.
  func match(_ mark: [UInt8], at position: Int, isEnd: Bool) -> CallReader.Match {
    let there = buffer[position...].prefix(mark.count)
    guard mark.starts(with: there) else { return .no }
    return there.count == mark.count ? .yes : isEnd && !isCut ? .no : .more
  }

  /// Goes on to a position: events stand for all before it.
  mutating func skip(to position: Int) {
    head = position
    scanned = max(scanned, head)
  }

  // MARK: What is told

  mutating func tell(_ more: [TurnEvent]) {
    events += more
    if !more.isEmpty, phase != .channels { hasCalled = true }
  }

  /// Tells what stands before a position as content.
  mutating func tellContent(to position: Int) {
    let text = content.add(buffer[head..<position], dropsBeginning: hasReasoned)
    if !text.isEmpty { events.append(.content(String(decoding: text, as: UTF8.self))) }
    skip(to: position)
  }

  private mutating func tellReasoning(to position: Int) {
    let text = reasoning.add(buffer[head..<position], dropsBeginning: true)
    if !text.isEmpty { events.append(.reasoning(String(decoding: text, as: UTF8.self))) }
    skip(to: position)
  }

  // MARK: Reasoning

  private mutating func readStart(isEnd: Bool) -> Bool {
    guard let open = format.thinking?.open.withoutOuterSpace else {
      phase = .content
      return true
    }
    while scanned < buffer.count, isSpace(buffer[scanned]) { scanned += 1 }
    guard scanned < buffer.count || isEnd else { return false }
    switch match(Array(open.utf8), at: scanned, isEnd: isEnd) {
    case .yes:
      skip(to: scanned + open.utf8.count)
      phase = .reasoning
    case .no:
      scanned = head
      phase = .content
    case .more:
      if isEnd { skip(to: buffer.count) }
      return false
    }
    return true
  }

  private mutating func readReasoning(isEnd: Bool) -> Bool {
    let close = Array((format.thinking?.close ?? "").withoutOuterSpace.utf8)
    while scanned < buffer.count {
      let match = buffer[scanned] == close.first ? match(close, at: scanned, isEnd: isEnd) : .no
      if match == .no {
        scanned += 1
        continue
      }
      tellReasoning(to: scanned)
      if match == .more {
        if isEnd { skip(to: buffer.count) }
        return false
      }
      skip(to: scanned + close.count)
      hasReasoned = true
      phase = .content
      return true
    }
    tellReasoning(to: scanned)
    return false
  }
}
