internal import ApusJSON
internal import ApusTestSupport
internal import Testing

@Suite struct JSONTests {
  private func text(_ value: JSONValue, _ style: JSONStyle = .python) -> String {
    String(decoding: value.serialized(style), as: UTF8.self)
  }

  @Test(arguments: [
    ("null", "null"), (" [1, 2.50 ,-0, true] ", "[1, 2.5, 0, true]"),
    ("{\"b\":1,\"a\":{\"c\":[]}}", #"{"b": 1, "a": {"c": []}}"#),
    (#""a\u00e9\ud83e\udd99\n\/\"""#, #""aé🦙\n/\"""#), ("{\"k\":1,\"l\":2,\"k\":3}", #"{"k": 3, "l": 2}"#),
    ("1e2", "100.0"),
    ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9223372036854775808"),
    ("18446744073709551615", "18446744073709551615"), ("18446744073709551616", "1.8446744073709552e+19"),
    ("-9223372036854775809", "-9.223372036854776e+18"),
    ("-1E-7", "-1e-07"),
    ("123456789012345680.0", "1.2345678901234568e+17"), ("0.0001", "0.0001"), ("1e16", "1e+16"), ("5e-324", "5e-324"),
  ])
  func valuesAreReadAndWrittenAsInPython(_ source: String, _ expected: String) throws {
    #expect(text(try JSONParser.parse(source)) == expected)
  }

  @Test(arguments: [
    ("", 0), ("  ", 2), ("[1,]", 3), ("{\"a\":}", 5), ("{a:1}", 1), ("010", 1), ("1.", 2), (".5", 0), ("+1", 0),
    ("1e", 2),
    ("NaN", 0), ("Infinity", 0), ("-", 1), ("1e400", 0), ("true1", 4), ("[1] x", 4), ("\"a", 2), ("\"\\q\"", 2),
    ("\"\n\"", 1),
    ("\"\\ud800\"", 1), ("\"\\udc00\"", 1), ("\"\\ud800\\u0041\"", 1), ("\"\\u12\"", 5), ("\u{FEFF}\u{FEFF}1", 3),
    ("[\u{FEFF}1]", 1), ("[1", 2),
    ("nul", 0),
    ("'a'", 0), ("{\"a\" 1}", 5), ("{\"a\":1 \"b\":2}", 7), ("[1 2]", 3),
  ])
  func whatIsNotJSONIsRefusedAtItsByte(_ source: String, _ offset: Int) {
    #expect {
      try JSONParser.parse(source)
    } throws: {
      ($0 as? JSONError)?.offset == offset
    }
  }

  @Test func invalidUTF8IsRefused() {
    for bytes: [UInt8] in [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82],
    ] {
      #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
    }
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONParser.parse(nested(JSONParser.maximumDepth))
    #expect(throws: JSONError.self) { try JSONParser.parse(nested(JSONParser.maximumDepth + 1)) }
    #expect(throws: JSONError.self) { try JSONParser.parse(String(repeating: "[{\"a\":", count: 500_000)) }
  }

  @Test func aHundredThousandKeysAreReadInLinearTime() throws {
    let members = (0..<100_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let value = try JSONParser.parse("{" + members + "}")
    #expect(value["k99999"] == 99999)
    #expect(value["k100000"] == nil)
  }

  @Test func canonicallyEquivalentKeysStayApart() throws {
    let value = try JSONParser.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
    #expect(value["\u{E9}"] == 1)
    #expect(value["e\u{301}"] == 2)
    #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
  }

  @Test func stylesFollowPython() {
    let value: JSONValue = ["a": [1, ["b": .null]], "é": "\u{7F}🦙", "e": [], "o": [:]]
    #expect(text(value, .compact) == "{\"a\":[1,{\"b\":null}],\"é\":\"\u{7F}🦙\",\"e\":[],\"o\":{}}")
    #expect(text(["a": [1]], JSONStyle(indent: Array("  ".utf8))) == "{\n  \"a\": [\n    1\n  ]\n}")
    #expect(text("é🦙\u{7F}", JSONStyle(ensureASCII: true)) == #""\u00e9\ud83e\udd99\u007f""#)
  }
}
