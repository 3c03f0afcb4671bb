internal import ApusChat
internal import ApusJSON
internal import Testing

/// Calls without marks of their own: what is no call is told as text at once, and is not lost.
struct BareCallTests {
  private let tools: [JSONValue] = ["get", "get_weather", "say \"a\"", "météo"].map {
    ["function": ["name": .string($0), "parameters": ["properties": ["city": ["type": "string"]]]]]
  }

  /// Calls that are JSON objects, or of the Python kind in a list.
  private var format: TurnFormat {
    var list = CallSyntax(.named(.init(beforeArguments: "(", .value(.python))))
    list.isList = true
    return format([CallSyntax(.object(.init(arguments: "parameters"))), list])
  }

  private func format(_ calls: [CallSyntax]) -> TurnFormat {
    var format = TurnFormat()
    format.calls = calls
    return format
  }

  private func parser(_ format: TurnFormat? = nil, isConstrained: Bool = true, isAnswer: Bool = true) -> TurnParser {
    TurnParser(
      format ?? self.format, tools: tools, isConstrained: isConstrained, callsComeFirst: isAnswer,
      startsInReasoning: false)
  }

  @Test(arguments: [
    #"["Rome","Paris","#, #"[1"#, "[[", "[{", "[]", "[gets", "[get r", "[get_weather_", #"{"name":"Al"#,
    #"{"name": "get_x"#, #"{"name": "get "#, #"{"name":"g\u0065"#, #"{"nam\u"#, #"{"nation"#, #"{"names"#, #"{"city""#,
    #"{"name": 5"#, "{}", "{ \"name\" : \"say 'a", "[m\u{E9}t\u{E9}\u{F3}",
  ])
  func whatIsNoCallIsToldAtOnce(_ text: String) {
    for isAnswer in [true, false] {
      for pieces in [[text], text.unicodeScalars.map { String($0) }] {
        var parser = parser(isAnswer: isAnswer)
        var state = TurnState()
        for piece in pieces { state.add(parser.feed(piece)) }
        // White space may be held back, and the beginning of what may be a call.
        #expect(text.hasPrefix(state.content) && !state.content.isEmpty, "\(text)")
        state.add(parser.finish(isCut: true))
        #expect(state.calls.isEmpty && state.content.trimmed == text.trimmed, "\(text) became \(state)")
      }
    }
  }

  @Test(arguments: ["[", "[ get", "[get_wea", "[get_weather ", "{", #"{"na"#, #"{"name""#, #"{ "name" : "get_"#])
  func whatMayBecomeACallWaits(_ text: String) {
    var parser = parser()
    let events = parser.feed(text)
    #expect(events.isEmpty)
    #expect(TurnState([], parser, isCut: true) == TurnState())
    #expect(TurnState([], parser).content == text)
  }

  @Test func anObjectInAnAnswerIsNoCall() {
    let text = "[\n  {\n    \"name"
    for pieces in [[text], text.unicodeScalars.map { String($0) }] {
      #expect(TurnState(pieces, parser(), isCut: true).content == text)
    }
  }

  @Test(arguments: [
    (#"[get_weather(city="Rome")]"#, "get_weather"), ("[\n get (city='Rome')]", "get"),
    ("[météo(city='Rome')]", "météo"), (#"{"name":"get","parameters":{"city":"Rome"}}"#, "get"),
    (#"{ "name" : "say \"a\"", "parameters": {"city": "Rome"} }"#, #"say "a""#),
    (#"{"name": "météo", "parameters": {"city": "Rome"}}"#, "météo"),
  ])
  func callsAreReadInAnyPieces(_ text: String, _ name: String) {
    for pieces in [[text], text.unicodeScalars.map { String($0) }] {
      let state = TurnState(pieces, parser())
      #expect(state.content.isEmpty && state.calls.map(\.name) == [name], "\(text) became \(state)")
      #expect(state.calls.allSatisfy { $0.isComplete }, "\(state)")
    }
  }

  @Test(arguments: [
    #"{"name":"get_w\u0065ather","parameters":{"city":5}}"#, #"{"n\u0061me":"get_weather","parameters":{"city":5}}"#,
    #"{"name":"m\u00e9t\u00e9o","parameters":{"city":5}}"#,
  ])
  func aNameInAnotherSpellingIsTextWhereAGrammarKeepsCalls(_ text: String) {
    for pieces in [[text], text.unicodeScalars.map { String($0) }] {
      let state = TurnState(pieces, parser())
      #expect(state.calls.isEmpty && state.content == text)
    }
    #expect(TurnState([text], parser(isConstrained: false)).calls.count == 1)
  }

  @Test func behindAMarkNamesMayHaveEscapes() {
    var syntax = CallSyntax(.object(.init()))
    syntax.call = .init("<tool_call>", "</tool_call>")
    let text = #"<tool_call>{"name": "g\u0065t", "arguments": {"city": "Rome"}}</tool_call>"#
    for pieces in [[text], text.unicodeScalars.map { String($0) }] {
      #expect(TurnState(pieces, parser(format([syntax]))).calls.map(\.name) == ["get"])
    }
  }

  @Test func aNameMayBeTheKeyOfItsArguments() {
    let keyed = format([CallSyntax(.object(.init(name: nil)))])
    for (text, isCall) in [
      (#"{"get": {"city": "Rome"}}"#, true), (#"{"g\u0065t": {"city": "Rome"}}"#, false), (#"{"gets": 5}"#, false),
    ] {
      for pieces in [[text], text.unicodeScalars.map { String($0) }] {
        let state = TurnState(pieces, parser(keyed))
        #expect(state.calls.count == (isCall ? 1 : 0) && state.content == (isCall ? "" : text), "\(text): \(state)")
      }
    }
    #expect(TurnState([#"{"Rome"#], parser(keyed), isCut: true).content == #"{"Rome"#)
  }

  /// Ids, numbers and longer marks stand behind names as well.
  @Test func whatStandsBehindANameIsAwaited() {
    var identified = CallSyntax.Named(beforeArguments: "[ARGS]", .value(.json))
    identified.beforeID = "[CALL_ID]"
    var numbered = CallSyntax.Named(beforeName: "functions.", beforeArguments: "<|args|>", .value(.json))
    numbered.isNumbered = true
    let dotted = CallSyntax.Named(beforeArguments: ".call(", .value(.python))
    for (named, text) in [
      (identified, #"<c>get[CALL_ID]abcdefghi[ARGS]{"city": "Rome"}</c>"#),
      (numbered, #"<c>functions.get:0<|args|>{"city": "Rome"}</c>"#), (dotted, #"<c>get .call(city="Rome")</c>"#),
    ] {
      var syntax = CallSyntax(.named(named))
      syntax.call = .init("<c>", "</c>")
      for pieces in [[text], text.unicodeScalars.map { String($0) }] {
        let state = TurnState(pieces, parser(format([syntax])))
        #expect(state.calls.map(\.name) == ["get"] && state.content.isEmpty, "\(text): \(state)")
      }
    }
  }
}
