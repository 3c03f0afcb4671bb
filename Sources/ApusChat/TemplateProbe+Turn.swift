internal import ApusJSON
internal import ApusText

extension TemplateProbe {
  /// How the template writes calls; nil where it leaves them out, or in no way that can be read back.
  func callSyntax(thinking: CallSyntax.Marks?, answer: CallSyntax.Marks?) -> CallSyntax? {
    let base = render([Self.user], tools: Self.tools, addGenerationPrompt: true) ?? ""
    let plain = render([Self.user, Self.answer], tools: Self.tools, addGenerationPrompt: false)
    for form in Form.all {
      func turn(_ names: [String]) -> [UInt8]? {
        render([Self.user, Self.calls(names, form)], tools: Self.tools, addGenerationPrompt: false)
          .map { self.turn(of: $0, base: base, plain: plain, thinking) }
      }
      guard let one = turn([Word.first]), !one.starts(with: "None".utf8) else { continue }
      let derivation = CallDerivation(one: one, two: turn([Word.first, Word.second]))
      guard let syntax = derivation.syntax(), reads(one, syntax) else { continue }
      return syntax
    }
    return nil
  }

  /// The turn in a prompt that ends with it.
  private func turn(of prompt: String, base: String, plain: String?, _ thinking: CallSyntax.Marks?) -> [UInt8] {
    let prompt = Array(prompt.utf8)
    let base = Array(base.utf8)
    var begin = zip(prompt, base).prefix { $0 == $1 }.count
    if begin < base.count, let mark = prompt[..<begin].lastIndex(of: UInt8(ascii: "<")),
      !prompt[mark..<begin].contains(UInt8(ascii: ">"))
    {
      begin = mark
    }
    let role = generationPrompt(base)
    let call = prompt.positions(of: Array(Word.first.utf8), limit: 1, fromEnd: true).first ?? 0
    if !role.isEmpty, let last = prompt.positions(of: role).last(where: { $0 < call }) {
      begin = max(begin, last + role.count)
    }
    var turn = Array(prompt[begin...])
    let name = turn.positions(of: Array(Word.first.utf8)).last ?? 0
    if let close = thinking?.close.withoutOuterSpace.utf8,
      let end = turn.positions(of: Array(close)).last(where: { $0 < name })
    {
      turn = Array(turn[(end + close.count)...])
    }
    turn = Array(turn.drop { isSpace($0) })
    if let plain, let answer = Array(plain.utf8).position(of: Array(Word.content.utf8)) {
      let ending = Array(plain.utf8)[(answer + Word.content.utf8.count)...]
      if turn.suffix(ending.count).elementsEqual(ending) { return turn.dropLast(ending.count) }
      let mark = Array(ending.drop { isSpace($0) }.prefix { $0 != UInt8(ascii: ">") })
      if mark.count > 2, let end = turn.position(of: mark) { return Array(turn[..<end]) }
    }
    if let end, !end.isEmpty, let position = turn.position(of: Array(end.utf8)) { return Array(turn[..<position]) }
    return turn
  }

  /// What begins the model's turn in a prompt that ends so.
  private func generationPrompt(_ base: [UInt8]) -> [UInt8] {
    let before = Array((render([Self.user], tools: Self.tools, addGenerationPrompt: false) ?? "").utf8)
    return base.starts(with: before) ? Array(base.dropFirst(before.count)) : []
  }

  /// Whether the syntax reads the call in a turn.
  private func reads(_ turn: [UInt8], _ syntax: CallSyntax) -> Bool {
    var reader = CallReader(syntax, ToolTable(Self.tools), allowsSeveral: true)
    guard let opener = turn.position(of: Array(syntax.opener.utf8)) else { return false }
    reader.feed(turn[opener...])
    guard reader.finish() != nil else { return false }
    let text = reader.takeEvents().reduce(into: "") {
      if case .callArguments(_, let json) = $1 { $0 += json }
    }
    return (try? JSONParser.parse(text))
      == .object(
        JSONObject([(Word.key, .string(Word.value)), (Word.nextKey, .string(Word.nextValue))]))
  }
}
