internal import ApusJSON

/// Reads the calls at the end of a turn in one syntax, as they come.
///
/// Strict about what a call is, not about white space or the order of an object's members: what is no call by the
/// format's own description makes the reader fail, and is for its owner to show as text.
struct CallReader {
  enum Status: Equatable {
    case reading
    /// What was read cannot be calls, or is more than calls.
    case failed
    /// Another call begins, and only one is wanted.
    case stopped
  }

  enum State {
    case section, list, callOpen
    /// A call that is a JSON object.
    case objectOpen, objectKey(mayClose: Bool), objectValue(key: String), objectNext
    /// A call whose name stands before its arguments.
    case beforeName, name, beforeArguments
    case value
    case tagNext, tagKey, tagValueOpen, tagValue
    case afterArguments
    case callClose, next, sectionClose, end
  }

  /// The call that is being read.
  struct Call {
    var name: String?
    var id: String?
    var tool: ToolTable.Tool?
    /// Whether its beginning was told.
    var isTold = false
    var reader: ArgumentReader?
    var isComplete = false
    /// All JSON of its arguments so far.
    var arguments: [UInt8] = []
    var wrappers = 0
    /// The tagged arguments.
    var keys: Set<[UInt8]> = []
    var value: TaggedValue?
  }

  /// The most bytes of a name, an id or a key.
  static let maximumName = 512

  let syntax: CallSyntax
  let tools: ToolTable
  let allowsSeveral: Bool
  /// Whether events are taken as soon as they are there.
  let isTakenAtOnce: Bool
  private(set) var status = Status.reading
  private(set) var events: [TurnEvent] = []
  var bytes: [UInt8] = []
  /// The next byte to read.
  var at = 0
  /// The end of the bytes that the events stand for.
  var told = 0
  var state = State.section
  var call = Call()
  /// How many calls have been told.
  private(set) var count = 0

  init(_ syntax: CallSyntax, _ tools: ToolTable, allowsSeveral: Bool, isTakenAtOnce: Bool = false) {
    self.isTakenAtOnce = isTakenAtOnce
    self.syntax = syntax
    self.tools = tools
    self.allowsSeveral = allowsSeveral
  }

  mutating func feed(_ more: some Sequence<UInt8>) {
    bytes += more
    while status == .reading, step() {}
  }

  mutating func takeEvents() -> [TurnEvent] {
    defer { events.removeAll() }
    return events
  }

  mutating func fail() { status = .failed }

  /// Ends what was told of calls, so that they are valid; returns where the rest begins, which no event stands for.
  mutating func giveUp() -> Int {
    let rest = told
    if call.isTold, !call.isComplete {
      tell(arguments: closing)
      endCall()
    }
    return rest
  }

  private var closing: [UInt8] {
    if let reader = call.reader { return reader.closing }
    return (call.value?.isOpen == true ? [UInt8(ascii: "\"")] : []) + [UInt8(ascii: "}")]
  }

  /// The turn is over: returns where the rest of the text begins, or nil where what was read is no call.
  ///
  /// A call whose arguments are cut off is told as far as it goes, and does not end.
  mutating func finish() -> Int? {
    if status == .reading { endLiteral() }
    if status == .failed { return nil }
    if call.isTold, !call.isComplete {
      return endCutArguments()
    }
    guard count > 0 else { return nil }
    if status == .stopped { return told }
    switch state {
    case .afterArguments, .callClose, .next, .sectionClose, .end: return bytes.count
    default: return told
    }
  }

  /// `null` instead of arguments may be the last word of a turn.
  private mutating func endLiteral() {
    guard case .value = state, case .named = syntax.shape, var reader = call.reader, reader.stack.isEmpty else {
      return
    }
    reader.endWord()
    guard reader.status == .complete else { return }
    tell(arguments: reader.takeOutput())
    call.reader = reader
    endCall()
    state = .afterArguments
  }

  /// Tells what there is of arguments that are cut off; returns where what cannot be told begins.
  private mutating func endCutArguments() -> Int {
    if var reader = call.reader {
      tell(arguments: reader.takeOutput() + reader.unfinished)
      call.reader = reader
    } else if case .tagValue = state, let value = call.value {
      tell(arguments: value.unfinished(bytes))
    } else {
      return told
    }
    return bytes.count
  }

  // MARK: What is told

  /// Tells that the call begins, once its name is known and its arguments have begun.
  mutating func beginCall() {
    guard !call.isTold, let name = call.name else { return }
    call.isTold = true
    events.append(.callBegins(index: count, id: call.id, name: name))
    count += 1
    if !call.arguments.isEmpty {
      events.append(.callArguments(index: count - 1, String(decoding: call.arguments, as: UTF8.self)))
    }
  }

  /// Tells more of the arguments' JSON, as soon as the name is known.
  mutating func tell(arguments more: [UInt8]) {
    guard !more.isEmpty else { return }
    call.arguments += more
    if call.isTold {
      events.append(.callArguments(index: count - 1, String(decoding: more, as: UTF8.self)))
    } else {
      beginCall()
    }
    if call.isTold { told = at }
  }

  mutating func endCall() {
    beginCall()
    guard call.isTold else { return fail() }
    call.isComplete = true
    events.append(.callEnds(index: count - 1))
    told = at
  }

  /// Gives the call an id; one that stands behind its arguments comes too late where its beginning was taken.
  mutating func takeID(_ id: String) {
    call.id = id
    guard call.isTold, !isTakenAtOnce, let name = call.name else { return }
    let begin = events.lastIndex { if case .callBegins(count - 1, _, _) = $0 { true } else { false } }
    if let begin { events[begin] = .callBegins(index: count - 1, id: id, name: name) }
  }

  /// Takes the name of the call; fails where no tool has it.
  mutating func takeName(_ name: String) {
    guard call.name == nil, let tool = tools[name.utf8] else { return fail() }
    call.name = name
    call.tool = tool
  }

  /// Another call begins.
  mutating func beginNext() {
    guard allowsSeveral || count == 0 else {
      status = .stopped
      return
    }
    call = Call()
  }
}
