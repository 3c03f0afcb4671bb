internal import ApusText

/// Finds out how calls are written from what a chat template makes of a conversation with some.
struct CallDerivation {
  typealias Word = TemplateProbe.Word

  /// The text of a turn with one call, from the beginning of the turn.
  let one: [UInt8]
  /// The same with two calls; nil where the template refuses them.
  let two: [UInt8]?

  /// The syntax; nil where none can be made out.
  func syntax() -> CallSyntax? {
    guard let name = position(of: Word.first, in: one, before: one.count),
      let key = one.position(of: Array(Word.key.utf8), from: name + Word.first.utf8.count),
      let value = one.position(of: Array(Word.value.utf8), from: key)
    else { return nil }
    let beforeName = Array(one[..<name])
    let beforeKey = Array(one[(name + Word.first.utf8.count)..<key])
    let beforeValue = Array(one[(key + Word.key.utf8.count)..<value])
    return beforeKey.first == UInt8(ascii: "\"") && beforeKey.contains(UInt8(ascii: "{"))
      ? objectSyntax(beforeName, beforeKey, value: value) : namedSyntax(beforeName, beforeKey, beforeValue)
  }

  private func position(of word: String, in text: [UInt8], before end: Int) -> Int? {
    text.positions(of: Array(word.utf8), limit: 1, fromEnd: true).first { $0 < end }
  }

  // MARK: Objects

  private func objectSyntax(_ beforeName: [UInt8], _ beforeKey: [UInt8], value: Int) -> CallSyntax? {
    guard let brace = beforeName.lastIndex(of: UInt8(ascii: "{")) else { return nil }
    let members = Self.quoted(in: beforeName[brace...])
    guard let argumentsKey = Self.quoted(in: beforeKey.dropFirst()).first,
      let end = Self.endOfJSON(one, from: brace), end >= value
    else { return nil }
    var keys = CallSyntax.Keys(name: members.last, arguments: argumentsKey)
    if members.isEmpty {
      keys = CallSyntax.Keys(name: nil, arguments: "")
    } else if members.count > 1 {
      keys.id = members[0]
    } else if Self.quoted(in: one[(value - 1)..<end]).contains("id") {
      keys.id = "id"
    }
    var syntax = CallSyntax(.object(keys))
    setMarks(of: &syntax, head: Array(beforeName[..<brace]), end: end, next: UInt8(ascii: "{"))
    return syntax
  }

  /// The texts in quotes, complete ones only.
  private static func quoted(in bytes: ArraySlice<UInt8>) -> [String] {
    let pieces = bytes.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    return stride(from: 1, to: pieces.count - 1, by: 2).map { String(decoding: pieces[$0], as: UTF8.self) }
  }

  /// The end of the JSON object that begins at a position.
  private static func endOfJSON(_ bytes: [UInt8], from start: Int) -> Int? {
    var depth = 0
    var isInText = false
    for position in start..<bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""): isInText.toggle()
      case UInt8(ascii: "{") where !isInText: depth += 1
      case UInt8(ascii: "}") where !isInText:
        depth -= 1
        if depth == 0 { return position + 1 }
      default: break
      }
    }
    return nil
  }

  // MARK: Names outside of arguments

  private func namedSyntax(_ beforeName: [UInt8], _ beforeKey: [UInt8], _ beforeValue: [UInt8]) -> CallSyntax? {
    var named: CallSyntax.Named
    let end: Int
    let start = beforeName.count + Word.first.utf8.count + beforeKey.count
    if beforeValue.elementsEqual("\": \"".utf8) || beforeValue.elementsEqual("\":\"".utf8) {
      guard beforeKey.suffix(2).elementsEqual("{\"".utf8), let close = Self.endOfJSON(one, from: start - 2) else {
        return nil
      }
      named = CallSyntax.Named(beforeArguments: text(beforeKey.dropLast(2)), .value(.json))
      end = close
    } else if beforeKey.elementsEqual("(".utf8), beforeValue.first == UInt8(ascii: "=") {
      guard let close = one[start...].firstIndex(of: UInt8(ascii: ")")) else { return nil }
      named = CallSyntax.Named(beforeArguments: "(", .value(.python))
      end = close + 1
    } else if beforeKey.elementsEqual("{".utf8), beforeValue.first == UInt8(ascii: ":"), beforeValue.count > 1 {
      guard let close = one[start...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
      named = CallSyntax.Named(.value(.marked(text(beforeValue.dropFirst()))))
      end = close + 1
    } else {
      guard let tagged = taggedSyntax(beforeKey, beforeValue, start: start) else { return nil }
      (named, end) = tagged
    }
    setID(of: &named)
    if named.beforeArguments.hasPrefix(":0") {
      named.isNumbered = true
      named.beforeArguments.removeFirst(2)
    }
    let mark = Self.endOfMarks(beforeName)
    named.beforeName = text(beforeName[mark...])
    var syntax = CallSyntax(.named(named))
    setMarks(of: &syntax, head: Array(beforeName[..<mark]), end: end, next: nil)
    splitEnd(of: &syntax)
    return syntax
  }

  /// Takes the id out of what stands between a name and its arguments.
  private func setID(of named: inout CallSyntax.Named) {
    let between = Array(named.beforeArguments.utf8)
    guard let id = between.position(of: Array(Word.id.utf8)) else { return }
    named.beforeID = text(between[..<id])
    named.beforeArguments = text(between[(id + Word.id.utf8.count)...])
  }

  private func taggedSyntax(
    _ beforeKey: [UInt8], _ beforeValue: [UInt8], start: Int
  ) -> (CallSyntax.Named, end: Int)? {
    guard let value = one.position(of: Array(Word.value.utf8), from: start),
      let nextKey = one.position(of: Array(Word.nextKey.utf8), from: value),
      let nextValue = one.position(of: Array(Word.nextValue.utf8), from: nextKey)
    else { return nil }
    let between = Array(one[(value + Word.value.utf8.count)..<nextKey])
    let keyOpen = Array(Self.markSuffix(beforeKey, between).drop { $0 != UInt8(ascii: "<") })
    guard !keyOpen.isEmpty, let close = beforeValue.firstIndex(of: UInt8(ascii: ">")) else { return nil }
    let valueEnd = between.dropLast(keyOpen.count)
    let valueClose = valueEnd.prefix { isSpace($0) } + valueEnd.trimmed
    let tags = CallSyntax.Tags(
      key: .init(text(keyOpen), text(beforeValue[...close])),
      value: .init(text(beforeValue[(close + 1)...]), text(valueClose)),
      separator: text(valueEnd.dropFirst(valueClose.count)))
    guard !tags.value.close.withoutOuterSpace.isEmpty else { return nil }
    return (
      CallSyntax.Named(beforeArguments: text(beforeKey.dropLast(keyOpen.count)), .tagged(tags)),
      nextValue + Word.nextValue.utf8.count + valueClose.count
    )
  }

  /// Where tags end arguments, the first mark behind them is the arguments' own if another follows.
  private func splitEnd(of syntax: inout CallSyntax) {
    guard case .named(var named) = syntax.shape, !named.beforeName.isEmpty || named.arguments == .value(.json) else {
      return
    }
    let close = Array(syntax.call.close.utf8)
    guard case .tagged = named.arguments, let mark = close.firstIndex(of: UInt8(ascii: ">")) else {
      if case .value(.json) = named.arguments { splitFence(of: &syntax, named) }
      return
    }
    named.afterArguments = text(close[...mark])
    syntax.call.close = text(close[(mark + 1)...])
    syntax.shape = .named(named)
  }

  /// A code fence around JSON belongs to the arguments.
  private func splitFence(of syntax: inout CallSyntax, _ named: CallSyntax.Named) {
    let close = Array(syntax.call.close.utf8)
    let fence = Array("```".utf8)
    guard named.beforeArguments.contains("```"), let position = close.position(of: fence) else { return }
    var named = named
    named.afterArguments = text(close[..<(position + fence.count)])
    syntax.call.close = text(close[(position + fence.count)...])
    syntax.shape = .named(named)
  }

  // MARK: Marks around calls

  /// Splits the marks around calls into those around all and those around each.
  private func setMarks(of syntax: inout CallSyntax, head: [UInt8], end: Int, next: UInt8?) {
    var head = head
    let tail = self.tail(from: end)
    if head.trimmed.last == UInt8(ascii: "[") {
      head = Array(head[..<(head.lastIndex(of: UInt8(ascii: "[")) ?? 0)])
      syntax.isList = true
      syntax.section = .init(text(head), text(tail.drop { isSpace($0) }.dropFirst()))
      syntax.separator = ", "
      return
    }
    guard let between = textBetween(one, head: head.count, end: end, next: next) else {
      syntax.call = .init(text(head), text(tail))
      syntax.separator = nil
      return
    }
    let open = Self.markSuffix(head, between)
    let close = Self.markPrefix(tail, Array(between.dropLast(open.count)))
    syntax.section = .init(text(head.dropLast(open.count)), text(tail.dropFirst(close.count)))
    syntax.call = .init(text(open), text(close))
    syntax.separator = text(between.dropLast(open.count).dropFirst(close.count))
  }

  /// What stands behind the last call; some templates close calls only behind a second one.
  private func tail(from end: Int) -> [UInt8] {
    let tail = Array(one[end...])
    let word = Array(Word.nextValue.utf8)
    guard let two, let last = one.positions(of: word, limit: 1, fromEnd: true).first,
      let second = two.positions(of: word, limit: 1, fromEnd: true).first, (0...two.count).contains(second + end - last)
    else { return tail }
    let other = Array(two[(second + end - last)...])
    return other.count > tail.count && other.starts(with: tail) ? other : tail
  }

  /// What stands between the first call and the second.
  private func textBetween(_ one: [UInt8], head: Int, end: Int, next: UInt8?) -> [UInt8]? {
    guard let two, two.starts(with: one[..<end]),
      var second = two.position(of: Array(Word.second.utf8), from: end)
    else { return nil }
    if let next, let brace = two[..<second].lastIndex(of: next) {
      second = brace
    } else {
      second -= one.position(of: Array(Word.first.utf8)).map { $0 - head } ?? 0
    }
    return end <= second ? Array(two[end..<second]) : nil
  }

  /// Behind the last mark: `<…>` or `[…]`.
  private static func endOfMarks(_ bytes: [UInt8]) -> Int {
    (bytes.lastIndex { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "]") } ?? -1) + 1
  }

  /// The longest text of whole marks that both end with; all of `first` where that ends `second`.
  private static func markSuffix(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    let common = zip(first.reversed(), second.reversed()).prefix { $0 == $1 }.count
    if common == first.count { return first }
    let suffix = first.suffix(common)
    return Array(suffix.drop { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "[") })
  }

  /// The longest text of whole marks that both begin with.
  private static func markPrefix(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    let common = zip(first, second).prefix { $0 == $1 }.count
    if common == first.count || common == second.count { return Array(first.prefix(common)).withoutTrailingSpace }
    return Array(first.prefix(endOfMarks(Array(first.prefix(common)))))
  }

  private func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
}

extension RandomAccessCollection<UInt8> where SubSequence: RandomAccessCollection<UInt8> {
  /// Without white space at both ends.
  var trimmed: [UInt8] { Array(drop { isSpace($0) }).withoutTrailingSpace }
}

extension [UInt8] {
  var withoutTrailingSpace: [UInt8] {
    Array(prefix((lastIndex { !isSpace($0) } ?? -1) + 1))
  }
}
