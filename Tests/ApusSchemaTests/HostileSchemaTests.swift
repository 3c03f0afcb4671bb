internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTestSupport
internal import Testing

/// Schemas made to hurt: each is kept or refused, and neither a trap nor a long time.
struct HostileSchemaTests {
  private static func nested(_ key: String, _ depth: Int) -> JSONValue {
    (0..<depth).reduce(JSONValue.bool(true)) { schema, _ in [key: schema] as JSONValue }
  }

  private static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members)) }

  private static let many = (0..<2_000).map { ("k\($0)", ["type": "string", "pattern": "^a{1,9}$"] as JSONValue) }

  static let schemas: [JSONValue] =
    ["not", "items", "additionalProperties", "contains", "propertyNames", "if"].map { nested($0, 1_000) } + [
      object([
        ("$ref", "#/$defs/0"), ("$defs", object((0..<5_000).map { ("\($0)", ["$ref": .string("#/$defs/\($0 + 1)")]) })),
      ]),
      ["anyOf": [["$ref": "#"], ["$ref": "#"]]],
      ["not": ["$ref": "#"]],
      ["propertyNames": ["$ref": "#"]],
      ["items": ["$ref": "#"], "minItems": 1],
      object([("type", "object"), ("properties", object(many)), ("minProperties", 1_000)]),
      object([("oneOf", .array(many.map { object([("properties", object([$0]))]) }))]),
      object([("type", "object"), ("dependentRequired", object(many.map { ($0.0, ["z"]) }))]),
      object([("enum", .array((0..<50_000).map { .int($0) }))]),
      object([("enum", .array((0..<50_000).map { .string("value \($0)") }))]),
      ["type": "string", "minLength": 1_000_000_000, "maxLength": 2_000_000_000],
      ["type": "string", "pattern": "((a{1000}){1000}){1000}"],
      ["type": "string", "pattern": "(a+)+$", "minLength": 100, "not": ["pattern": "(b|ab)*"]],
      ["type": "array", "minItems": 1_000_000_000, "contains": ["type": "integer"], "minContains": 1_000_000],
      ["type": "array", "prefixItems": .array(Array(repeating: ["type": "integer"], count: 20_000))],
      ["type": "number", "multipleOf": .double(1e-300), "minimum": .double(1e-300), "maximum": .double(1e308)],
      ["type": "integer", "multipleOf": 1_000_003],
      ["minimum": .double(-1.7976931348623157e308), "maximum": .double(1.7976931348623157e308), "type": "number"],
      object([
        ("allOf", .array((0..<40).map { _ in ["anyOf": [["type": "array"], ["minItems": 2], ["maxItems": 5]]] }))
      ]),
      object([
        ("type", "object"), ("properties", object([("abcdefghijklmnopqrstuvwxyz0123", true)])),
        ("not", ["patternProperties": object((0..<30).map { ("[a-z]{\($0)}", ["const": .int($0)]) })]),
      ]),
      object([
        ("properties", object((0..<10_000).map { ("k\($0)", true) })),
        ("patternProperties", object((0..<1_000).map { ("x\($0)$", ["type": "string"]) })),
      ]),
      object([
        ("enum", .array((0..<20_000).map { .string("value \($0)") })),
        ("allOf", .array((0..<1_000).map { ["pattern": .string("e \($0)?")] })),
      ]),
      object([
        ("type", "object"), ("properties", object((0..<10_000).map { ("k\($0)", true) })), ("minProperties", 5_000),
        ("additionalProperties", false),
      ]),
      object([("allOf", .array((0..<12).map { ["not": ["properties": object([("\($0)", ["type": "null"])])]] }))]),
    ]

  @Test(arguments: schemas.indices) func isKeptOrRefused(number: Int) {
    guard let grammar = try? JSONSchema(Self.schemas[number]).grammar else { return }
    _ = try? CompiledGrammar(grammar)
  }

  @Test func whatAsksForTooMuchAtOnceIsRefused() {
    let contained = (0..<40).map { ["contains": ["const": .int($0)]] as JSONValue }
    #expect(throws: SchemaError.self) { try JSONSchema(["allOf": .array(contained)]) }
    let long = "[" + String(repeating: " ", count: JSONSchema.textLimit) + "]"
    #expect(throws: SchemaError.self) { try JSONSchema(text: long) }
    #expect(throws: SchemaError.self) { try JSONSchema(text: "{") }
  }

  @Test func patternsShareABound() throws {
    let long = String(repeating: "stra\u{DF}e", count: 100)
    func schema(_ count: Int) -> JSONValue {
      let properties = (0..<count).map {
        ("k\($0)", ["type": "string", "pattern": .string("(?i)\(long)\($0)")] as JSONValue)
      }
      return ["properties": Self.object(properties)]
    }
    #expect(throws: Never.self) { try JSONSchema(schema(2)) }
    let error = #expect(throws: SchemaError.self) { try JSONSchema(schema(300)) }
    #expect(error?.reason.contains("regular expressions together") == true, "\(error as Any)")
  }

  @Test func readingEndsSoonAfterItIsToldTo() {
    let branches = (0..<2_000).map { ["required": [.string("\($0)")]] as JSONValue }
    var questions = 0
    #expect(throws: SchemaError.stopped) {
      try JSONSchema(["oneOf": .array(branches)]) {
        questions += 1
        return questions == 3
      }
    }
    #expect(questions == 3)
  }

  @Test func mutatedSchemasAreKeptOrRefused() throws {
    var generator = SeededGenerator(seed: 7)
    let texts = [
      ##"{"type":"object","properties":{"a":{"$ref":"#/$defs/b"},"c":{"type":["string","null"],"pattern":"^x"}},"$defs":{"b":{"oneOf":[{"const":1},{"enum":["x",2]}]}},"required":["a"]}"##,
      #"{"allOf":[{"not":{"minItems":2}},{"items":{"type":"number","minimum":1.5,"multipleOf":0.5}}],"contains":{"type":"integer"},"uniqueItems":false}"#,
    ]
    for _ in 0..<300 {
      var bytes = Array(texts[Int.random(in: 0...1, using: &generator)].utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(UInt8.random(in: 32...126, using: &generator), at: place)
        default: bytes[place] = bytes[Int.random(in: 0..<bytes.count, using: &generator)]
        }
      }
      guard let value = try? JSONParser.parse(bytes), let grammar = try? JSONSchema(value).grammar else { continue }
      _ = try? CompiledGrammar(grammar)
    }
  }
}
