internal import ApusGrammar

/// A text that was made to take long or much.
struct HostileCase {
  enum Text {
    case schema(String)
    case grammar(GrammarText)
  }

  let name: String
  let text: Text

  static let all = schemas + patterns + grammars

  private static func schema(_ name: String, _ text: String) -> HostileCase {
    HostileCase(name: "schema, \(name)", text: .schema(text))
  }

  private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  private static func list(_ count: Int, _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: ",")
  }

  private static func nested(_ opening: String, _ closing: String, _ depth: Int) -> String {
    repeated(opening, depth) + "true" + repeated(closing, depth)
  }

  private static var schemas: [HostileCase] { deep + wide + combined + values + references }

  private static var deep: [HostileCase] {
    [30, 60, 100, 10_000].flatMap { depth in
      [
        (#"{"properties":{"a":"#, "}}"), (#"{"items":"#, "}"), (#"{"not":"#, "}"), (#"{"anyOf":["#, "]}"),
        (#"{"contains":"#, "}"), (#"{"additionalProperties":"#, "}"), (#"{"propertyNames":"#, "}"),
        (#"{"if":"#, #","then":{"minItems":2}}"#), (#"{"oneOf":[{"type":"null"},"#, "]}"),
        (#"{"allOf":[{"minItems":1},{"not":{"maxItems":3}},"#, "]}"),
        (#"{"anyOf":[{"required":["b"]},{"not":{"properties":{"c":"#, "}}}]}"),
      ].map { schema("\($0) \(depth) deep", nested($0, $1, depth)) }
    }
  }

  private static var wide: [HostileCase] {
    [512, 2_000, 4_000].flatMap { count in
      let properties = list(count) { #""k\#($0)":{"type":"string","maxLength":\#($0)}"# }
      let names = list(count) { #""k\#($0)""# }
      let objects = list(count) { #""k\#($0)":{"type":"object","maxProperties":\#($0)}"# }
      return [
        schema("\(count) properties", #"{"type":"object","properties":{\#(properties)}}"#),
        schema("\(count) required", #"{"type":"object","properties":{\#(properties)},"required":[\#(names)]}"#),
        schema("\(count) required, any", #"{"type":"object","required":[\#(names)]}"#),
        schema(
          "\(count) demands",
          #"{"properties":{\#(list(count / 8) { #""a\#($0)":{}"# })},"additionalProperties":false,"allOf":[\#(list(count / 500 + 2) { #"{"not":{"patternProperties":{"^a":{"const":\#($0)}}}}"# })]}"#
        ),
        schema("\(count) at least half", #"{"properties":{\#(properties)},"minProperties":\#(count / 2)}"#),
        schema(
          "\(count) objects beside all of them",
          #"{"properties":{\#(objects),"all":{"properties":{\#(objects)},"additionalProperties":false,"minProperties":\#(count)}}}"#
        ),
        schema("\(count) texts", #"{"enum":[\#(names)]}"#),
        schema("\(count) texts but these", #"{"type":"string","not":{"enum":[\#(names)]}}"#),
        schema("\(count) numbers", #"{"enum":[\#(list(count) { "\($0 * 7).\($0)" })]}"#),
        schema("\(count) objects", #"{"enum":[\#(list(count) { #"{"a":\#($0)}"# })]}"#),
        schema("\(count) branches", #"{"oneOf":[\#(list(count) { #"{"properties":{"k\#($0)":{"type":"null"}}}"# })]}"#),
        schema(
          "\(count) kinds",
          #"{"oneOf":[\#(list(count) { #"{"properties":{"t":{"const":\#($0)}},"required":["t"]}"# })]}"#),
        schema("\(count) places", #"{"prefixItems":[\#(list(count) { #"{"const":\#($0)}"# })]}"#),
        schema(
          "\(count) dependencies", #"{"type":"object","dependentRequired":{\#(list(count) { #""k\#($0)":["z"]"# })}}"#),
        schema(
          "\(count) patterns of keys", #"{"patternProperties":{\#(list(count) { #""x\#($0)$":{"type":"string"}"# })}}"#),
        schema(
          "\(count) patterns and texts",
          #"{"enum":[\#(names)],"allOf":[\#(list(min(count, 1_000)) { #"{"pattern":"k?\#($0)*"}"# })]}"#),
        schema(
          "\(count) names", #"{"$defs":{\#(list(count) { #""\#($0)":{"$id":"x/\#($0)","$anchor":"a\#($0)"}"# })}}"#),
      ]
    }
  }

  private static var combined: [HostileCase] {
    [6, 12, 40, 400].flatMap { count in
      [
        schema(
          "\(count) pairs",
          #"{"allOf":[\#(list(count) { #"{"anyOf":[{"minItems":\#($0)},{"required":["\#($0)"]}]}"# })]}"#),
        schema(
          "\(count) pairs of objects",
          #"{"allOf":[\#(list(count) { #"{"anyOf":[{"required":["a\#($0)"]},{"required":["b\#($0)"]}]}"# })]}"#),
        schema("\(count) overlapping", #"{"oneOf":[\#(list(count) { #"{"required":["\#($0)"]}"# })]}"#),
        schema(
          "\(count) not these",
          #"{"allOf":[\#(list(count) { #"{"not":{"properties":{"\#($0)":{"type":"null"}}}}"# })]}"#),
        schema(
          "\(count) conditions",
          #"{"allOf":[\#(list(count) { #"{"if":{"properties":{"a":{"const":\#($0)}}},"then":{"required":["b\#($0)"]}}"# })]}"#
        ),
        schema(
          "\(count) long patterns",
          #"{"properties":{\#(list(count) { #""k\#($0)":{"pattern":"(?i)\#(repeated("stra\u{DF}e", 60))\#($0)"}"# })}}"#
        ),
        schema("\(count) contained", #"{"allOf":[\#(list(count) { #"{"contains":{"const":\#($0)}}"# })]}"#),
        schema(
          "\(count) patterns at once",
          #"{"type":"string","allOf":[\#(list(count) { #"{"pattern":"(a|b)*a(a|b){\#($0)}c"}"# })]}"#),
        schema(
          "\(count) patterns not",
          #"{"type":"string","minLength":9,"allOf":[\#(list(count) { #"{"not":{"pattern":"a.{\#($0)}b"}}"# })]}"#),
        schema(
          "\(count) lengths not",
          #"{"type":"string","allOf":[\#(list(count) { #"{"not":{"minLength":\#($0 * 3),"maxLength":\#($0 * 3 + 1)}}"# })]}"#
        ),
        schema(
          "\(count) formats",
          #"{"oneOf":[\#(list(count) { [#"{"format":"uri"}"#, #"{"format":"email"}"#, #"{"format":"iri"}"#, #"{"format":"hostname"}"#][$0 % 4] })],"type":"string"}"#
        ),
        schema("\(count) divisors", #"{"type":"integer","anyOf":[\#(list(count) { #"{"multipleOf":\#($0 + 2)}"# })]}"#),
        schema(
          "\(count) divisors at once",
          #"{"type":"number","allOf":[\#(list(count) { #"{"multipleOf":0.\#($0 + 1)}"# })]}"#),
        schema(
          "\(count) keys of one pattern",
          #"{"properties":{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":true},"not":{"patternProperties":{\#(list(count) { #""^(a?){\#($0)}a{\#($0)}$":{"const":\#($0)}"# })}}}"#
        ),
      ]
    }
  }

  private static var values: [HostileCase] {
    [
      schema("long texts", #"{"type":"string","minLength":1000000000,"maxLength":2000000000}"#),
      schema("many items", #"{"items":{"type":"integer"},"minItems":1000000000}"#),
      schema("many contained", #"{"contains":{"type":"integer"},"minContains":1000000,"minItems":1000000000}"#),
      schema(
        "many contained at most",
        #"{"type":"array","contains":{"type":"integer"},"minContains":900,"maxContains":1000}"#),
      schema("many different", #"{"type":"array","uniqueItems":true,"items":{"enum":[1,2,3,4,5,6,7,8,9,10]}}"#),
      schema(
        "all different", #"{"type":"array","uniqueItems":true,"items":{"type":"integer","minimum":0,"maximum":1e300}}"#),
      schema(
        "wide range", #"{"type":"number","minimum":-1.7976931348623157e308,"exclusiveMaximum":1.7976931348623157e308}"#),
      schema("narrow range", #"{"type":"number","exclusiveMinimum":0,"maximum":5e-324}"#),
      schema("small divisor", #"{"type":"number","multipleOf":1e-300,"minimum":1e-300,"maximum":1e308}"#),
      schema("large divisor", #"{"type":"integer","multipleOf":1000003}"#),
      schema("divisor", #"{"type":"integer","multipleOf":3989}"#),
      schema("divisor in a range", #"{"type":"number","multipleOf":0.997,"minimum":-1e15,"maximum":123456789.123}"#),
      schema(
        "divisors not", #"{"type":"integer","multipleOf":61,"not":{"anyOf":[{"multipleOf":59},{"minimum":1e18}]}}"#),
      schema(
        "long words",
        #"{"\#(repeated("a", 200_000))":1,"properties":{"\#(repeated("b", 200_000))":{"const":"\#(repeated("c", 200_000))"}}}"#
      ),
      schema("long numbers", #"{"minimum":\#(repeated("9", 300)),"maximum":\#(repeated("9", 300))0.5}"#),
    ]
  }

  private static var references: [HostileCase] {
    [
      schema(
        "chain",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(10_000) { ##""\##($0)":{"$ref":"#/$defs/\##($0 + 1)"}"## })}}"##),
      schema(
        "ring",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(1_000) { ##""\##($0)":{"$ref":"#/$defs/\##(($0 + 1) % 1_000)"}"## })}}"##
      ),
      schema("itself", ##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##),
      schema("not itself", ##"{"not":{"$ref":"#"}}"##),
      schema("endless array", ##"{"items":{"$ref":"#"},"minItems":1,"type":"array"}"##),
      schema("endless names", ##"{"propertyNames":{"$ref":"#"}}"##),
      schema(
        "doubling",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(60) { ##""\##($0)":{"allOf":[{"$ref":"#/$defs/\##($0 + 1)"},{"properties":{"a\##($0)":{"$ref":"#/$defs/\##($0 + 1)"}}}]}"## }),"60":true}}"##
      ),
      schema(
        "doubling of branches",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(60) { ##""\##($0)":{"oneOf":[{"$ref":"#/$defs/\##($0 + 1)"},{"required":["\##($0)"]}]}"## }),"60":true}}"##
      ),
      schema(
        "each other",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(150) { number in ##""\##(number)":{"properties":{\##(list(150) { ##""\##($0)":{"$ref":"#/$defs/\##($0)"}"## })}}"## })}}"##
      ),
      schema(
        "each other, all",
        ##"{"$ref":"#/$defs/0","$defs":{\##(list(40) { number in ##""\##(number)":{"allOf":[{"required":["\##(number)"]},{"additionalProperties":{"anyOf":[\##(list(40) { ##"{"$ref":"#/$defs/\##($0)"}"## })]}}]}"## })}}"##
      ),
    ]
  }

  private static var patterns: [HostileCase] {
    let texts = [
      repeated("(", 60_000) + "a" + repeated(")", 60_000), repeated("(", 250) + "a" + repeated(")", 250),
      repeated("a", 45_000), repeated("ab?", 12_000), repeated("a|", 20_000), repeated("(^|a)", 10_000),
      repeated("\\p{L}", 2_000), repeated("\\p{L}", 50), repeated("\\w", 500), repeated("[^a]", 500), "a{5,0}",
      "a{1000000000}", "(a{0,1000000000}){0,1000000000}", "((((a{100}){100}){100}){100}){100}", "(a*)*", "(a+)+b",
      "(a|a)*b", "(x+x+)+y", "(.*)*(.*)*(.*)*", repeated("(a|b)?", 60), "(a|b)*a(a|b){20}", "(a|b)*a(a|b){2000}",
      "(" + repeated("(a|b)*a(a|b){30}|", 20) + "c)", "(?!.*a.*b.*c.*d)(?!.*e.{30}f).*", "((?!foo).)*",
      repeated("(?=.*a.{9}b)", 30) + ".*", repeated("(?!a.{5}b)", 40) + ".*",
      repeated("(?!(a|b)*a(a|b){9}c)", 10) + "[abc]*",
      "(?=(a|b)*a(a|b){18}$)(?=(a|b)*b(a|b){17}$)(a|b)*c?", repeated("(?=a", 100) + repeated(")", 100),
      repeated("(?:(?!x)", 40) + "a" + repeated("){0,60}", 40), repeated("\\b\\w+\\b ?", 50),
      "(?i)" + repeated("stra\u{DF}e", 500),
      "[" + (0..<5_000).map { "\\u{\(String(0x1000 + $0 * 3, radix: 16))}" }.joined() + "]{1,50}",
      "(?<!a)(?<=b.*)c", "*a", "a**", "(?<n>a)\\1", "(\u{1F600}|\u{1F601}){1,500}z",
    ]
    return texts.flatMap { text in
      let name = text.count > 40 ? text.prefix(40) + "…" : Substring(text)
      let json = text.replacing("\\", with: "\\\\")
      return [
        HostileCase(name: "pattern \(name)", text: .grammar(.pattern(text))),
        schema("pattern \(name)", #"{"type":"string","pattern":"\#(json)"}"#),
        schema("not the pattern \(name)", #"{"type":"string","minLength":3,"not":{"pattern":"\#(json)"}}"#),
        schema(
          "keys like \(name)", #"{"patternProperties":{"\#(json)":{"type":"null"}},"additionalProperties":false}"#),
      ]
    }
  }

  private static var grammars: [HostileCase] {
    let gbnf = [
      "root ::= " + repeated("(", 60_000) + "\"a\"" + repeated(")", 60_000), "root ::= (\"a\"*)*",
      "root ::= root \"a\"",
      "root ::= (((\"a\"{100}){100}){100}){100}", "root ::= \"a\"{1000000000}", "root ::= \"a\"{5,0}", "x ::= \"a\"",
      "root ::= root root | \"a\" |", "root ::= root root root | \"a\" | \"b\" | \"ab\"",
      "root ::= [^\\x00-\\x7F]{3000}",
      "root ::= r0\n" + (0..<20_000).map { "r\($0) ::= r\($0 + 1)\n" }.joined() + "r20000 ::= \"a\"",
      "root ::= r0\n" + (0..<5_000).map { "r\($0) ::= \"a\" r\($0 + 1) | r\($0 + 1)\n" }.joined() + "r5000 ::= \"a\"",
      "root ::= r0\n" + (0..<40).map { "r\($0) ::= r\($0 + 1) r\($0 + 1)\n" }.joined() + "r40 ::= \"a\" |",
      "root ::= r0\n"
        + (0..<300).map { number in
          "r\(number) ::= " + (0..<100).map { "r\((number + $0) % 300) \"\($0)\"" }.joined(separator: "|") + "| \"a\"\n"
        }.joined(),
      "root ::= " + (0..<50_000).map { "\"word\($0)\"" }.joined(separator: "|"),
      "root ::= (" + (0..<5_000).map { "\"word\($0)\"" }.joined(separator: "|") + ")*",
      "root ::= " + repeated("\"a\"? ", 20_000), "root ::= " + repeated("\"a\"? ", 2_000),
      "root ::= " + repeated("[a-z]? ", 2_000),
      "root ::= " + repeated("(\"th\" | \"he\" x)? ", 1_999) + "\nx ::= \"a\"?",
      "root ::= " + repeated("(\"a\" | \"b\")? ", 9_000),
      "root ::= \"" + repeated("a", 250_000) + "\"",
    ]
    let lark = [
      "start: A0\n" + (0..<1_000).map { "A\($0): A\($0 + 1)\n" }.joined() + "A1000: \"a\"",
      "start: A0\n" + (0..<40).map { "A\($0): A\($0 + 1) A\($0 + 1)\n" }.joined() + "A40: \"a\"",
      "start: (\"a\" | start)* start?", "start: \"a\" ~ 99999999999999999999", "start: (\"a\" ~ 1000) ~ 1000",
      "start: /(a|b)*a(a|b){200}/ start /c.*d/ |", "%ignore /\\s*/\nstart: \"a\" start | \"b\"",
      "start: \(repeated("[\"a\" ", 300))\(repeated("]", 300))",
    ]
    let choices: [[String]] = [
      (0..<10_000).map { "choice number \($0 * 7_919)" }, (0..<300).map { repeated("a", $0) }, [repeated("a", 200_000)],
      [],
      (0..<2_000).map { repeated("b", $0 % 200) + "\($0)" },
    ]
    return gbnf.map { HostileCase(name: "GBNF \($0.prefix(40))", text: .grammar(.gbnf($0))) }
      + lark.map { HostileCase(name: "Lark \($0.prefix(40))", text: .grammar(.lark($0))) }
      + choices.map { HostileCase(name: "\($0.count) choices", text: .grammar(.choices($0))) }
  }
}
