internal import ApusSchema
internal import Testing

struct StringTests {
  @Test(arguments: [
    Fitting(
      #"{"type": "string"}"#, [#""""#, #""é\n\u000a\/\ud83d\ude00😀""#, #""\u0041""#],
      not: [#""\x""#, "\"\n\"", #""\ud83d""#, "\"a", "1"]),
    Fitting(
      #"{"type": "string", "minLength": 2, "maxLength": 3}"#, [#""ab""#, #""é😀\n""#, #""\u00e9a""#],
      not: [#""a""#, #""abcd""#, #""\n""#]),
    Fitting(#"{"type": "string", "pattern": "b+"}"#, [#""abc""#, #""b""#, #""\u00e9b\n""#], not: [#""ac""#, #""""#]),
    Fitting(
      #"{"type": "string", "pattern": "^a/.$", "maxLength": 3}"#, [#""a/b""#, #""a\/b""#, #""a/\u00e9""#],
      not: [#""a/""#, #""a/bc""#]),
    Fitting(#"{"enum": ["a", "b\"c", "é"]}"#, [#""a""#, #""b\"c""#, #""é""#], not: [#""b""#, #""A""#]),
    Fitting(
      #"{"type": "string", "not": {"enum": ["a", "ab"]}}"#, [#""""#, #""b""#, #""abc""#, #""é""#],
      not: [#""a""#, #""ab""#, #""\u0061""#, #""\u0061b""#]),
    Fitting(
      #"{"type": "string", "not": {"pattern": "^a"}}"#, [#""""#, #""ba""#], not: [#""a""#, #""\u0061b""#, #""ab""#]),
    Fitting(
      #"{"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}], "maxLength": 2}"#, [#""ab""#, #""ba""#],
      not: [#""aa""#, #""abc""#]),
    Fitting(#"{"enum": ["red", "green", 1], "pattern": "e.$"}"#, [#""red""#, #""green""#, "1"], not: [#""blue""#]),
    Fitting(#"{"enum": ["red", "tan"], "pattern": "^r"}"#, [#""red""#], not: [#""tan""#]),
  ])
  func fits(fitting: Fitting) throws { #expect(try fitting.mistakes() == [], "\(fitting.schema)") }

  @Test(arguments: [
    (
      "date", ["2024-02-29", "1999-12-31", "2000-02-29"],
      ["2023-02-29", "1900-02-29", "2024-13-01", "0000-01-01", "24-1-1"]
    ),
    ("time", ["12:00:00Z", "23:59:59.5+01:00"], ["24:00:00Z", "12:00:00", "12:00Z"]),
    ("date-time", ["2024-05-06T07:08:09Z", "2024-05-06t07:08:09.25-07:30"], ["2024-05-06", "2024-05-06 07:08:09Z"]),
    ("duration", ["P1Y2M3D", "PT1H", "P2W", "P1DT12H30M5S"], ["P", "1D", "PT", "P1Y3D"]),
    (
      "uuid", ["123e4567-e89b-12d3-a456-426614174000"],
      ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"]
    ),
    ("email", ["a.b+c@example.org", #"\"a b\"@x.de"#], ["a", "a@", "@b", "a b@c.d", "a..b@c.d"]),
    (
      "hostname", ["localhost", "a-b.example"], ["-a", "a-", "a..b", "a_b", String(repeating: "a.", count: 130) + "a"]
    ),
    ("ipv4", ["127.0.0.1", "255.255.255.255"], ["256.0.0.1", "1.2.3", "01.2.3.4"]),
    (
      "ipv6", ["::", "::1", "1::", "2001:db8::8:800:200c:417a", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
      [":", "1:2:3", "1::2::3", "1:2:3:4:5:6:7:8:9"]
    ),
    ("uri", ["https://a.b/c?d=e#f", "urn:x:y", "mailto:a@b"], ["/a/b", "a b:c", "http://[x", "https://a b"]),
    ("uri-reference", ["/a/b", "a", "", "?x", "https://a.b"], ["a b", "\\\\\\\\x"]),
    ("json-pointer", ["", "/a/b~0~1"], ["a", "/a~2"]),
    ("x-unknown", ["anything at all"], []),
  ])
  func formats(name: String, valid: [String], invalid: [String]) throws {
    let start = try matcher(#"{"type": "string", "format": "\#(name)"}"#)
    for text in valid { #expect(accepts("\"\(text)\"", start), "\(text)") }
    for text in invalid { #expect(!accepts("\"\(text)\"", start), "\(text)") }
  }
}
