internal import ApusJSON

/// Turns the arguments of a call, as a model writes them, into the text of a JSON object, byte by byte.
///
/// JSON is passed through as it is: white space, numbers and escapes stay. What comes out is always the beginning of a
/// valid object, and `closing` makes a whole one of it. Linear; nesting is bounded.
struct ArgumentReader {
  enum Status { case reading, complete, failed }

  /// The deepest nesting that is read: all that a JSON reader takes.
  static let maximumDepth = JSONParser.maximumDepth - 8
  /// The most bytes of a key without quotes, a number or a literal.
  static let maximumWord = 512

  enum Container { case object, array, keywords }

  enum Place {
    /// Before a value; `true` where the array may end instead.
    case value(mayClose: Bool)
    /// Before a key; `true` where the object may end instead.
    case key(mayClose: Bool)
    /// Behind a key with quotes.
    case colon
    /// In a key without quotes.
    case bareKey
    /// In a key or value with quotes.
    case text(isKey: Bool)
    /// In a number or a literal.
    case word
    /// Behind a value.
    case afterValue
  }

  let notation: ArgumentNotation
  private(set) var status = Status.reading
  /// JSON that has not been taken yet.
  private(set) var output: [UInt8] = []
  /// Bytes read that no output stands for yet.
  private(set) var pendingInput: [UInt8] = []
  var stack: [Container] = []
  var place: Place
  /// JSON that is put out as soon as a value begins.
  var pending: [UInt8] = []
  /// A word, or a bare key, that is being read.
  var word: [UInt8] = []
  /// The text that is being read.
  var text: TextReader?
  /// The JSON text of arguments that were written as a text with JSON in it.
  private var nested: [UInt8]?

  init(_ notation: ArgumentNotation) {
    self.notation = notation
    place = .value(mayClose: false)
    if notation == .python {
      stack = [.keywords]
      place = .key(mayClose: true)
      output = [UInt8(ascii: "{")]
    }
  }

  /// Takes what has been put out.
  mutating func takeOutput() -> [UInt8] {
    defer { output.removeAll() }
    return output
  }

  /// What makes an object of all that has been put out.
  var closing: [UInt8] {
    if stack.isEmpty, status != .complete { return Array("{}".utf8) }
    var bytes: [UInt8] = []
    if let text, case .text(isKey: false) = place, nested == nil { bytes = text.closing }
    return bytes + stack.reversed().map { $0 == .array ? UInt8(ascii: "]") : UInt8(ascii: "}") }
  }

  /// Reads one byte; does nothing once the arguments are complete or wrong.
  ///
  /// Returns whether the byte belongs to the arguments.
  mutating func read(_ byte: UInt8) -> Bool {
    guard status == .reading else { return false }
    pendingInput.append(byte)
    let outputCount = output.count
    let isTaken = step(byte)
    if !isTaken { pendingInput.removeLast() }
    if output.count > outputCount || status == .complete { pendingInput.removeAll(keepingCapacity: true) }
    return isTaken
  }

  /// What was read and is not in the output, as JSON, for arguments that end in the middle.
  var unfinished: [UInt8] {
    guard nested == nil, !stack.isEmpty else { return [] }
    if case .bareKey = place { return pending + JSONText.quoted(word).dropLast() }
    return pending + word
  }

  mutating func fail() { status = .failed }

  /// Puts out what was waiting, and `bytes`.
  mutating func put(_ bytes: some Sequence<UInt8>) {
    output += pending
    pending.removeAll(keepingCapacity: true)
    output += bytes
  }

  /// A text with quotes ends; its bytes are at hand as JSON.
  mutating func endText(isKey: Bool) {
    text = nil
    if let raw = nested {
      endNested(raw)
    } else {
      place = isKey ? .colon : .afterValue
    }
  }

  /// Takes JSON of the text that is being read.
  mutating func takeText(_ bytes: [UInt8], isKey: Bool) {
    if nested != nil {
      nested? += bytes
    } else if isKey {
      pending += bytes
    } else {
      put(bytes)
    }
  }

  mutating func beginText(_ reader: TextReader, isKey: Bool) {
    text = reader
    place = .text(isKey: isKey)
    if stack.isEmpty { nested = [] }
    takeText([UInt8(ascii: "\"")], isKey: isKey)
  }

  private mutating func endNested(_ raw: [UInt8]) {
    guard case .string(let inner)? = try? JSONParser.parse(raw), case .object? = try? JSONParser.parse(inner) else {
      return fail()
    }
    nested = nil
    pending.removeAll()
    put(inner.withoutOuterSpace.utf8)
    status = .complete
  }

  mutating func endValue() {
    place = .afterValue
    if stack.isEmpty { status = .complete }
  }
}

extension String {
  /// The text without JSON's white space around it.
  package var withoutOuterSpace: String {
    let bytes = Array(utf8)
    guard let start = bytes.firstIndex(where: { !isSpace($0) }), let end = bytes.lastIndex(where: { !isSpace($0) })
    else {
      return ""
    }
    return String(decoding: bytes[start...end], as: UTF8.self)
  }
}

/// Whether a byte is white space in JSON.
func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
