internal import ApusGrammar
internal import ApusSchema
internal import Testing

struct ApplicatorTests {
  @Test(arguments: [
    Fitting("true", ["1", #"{"a":[]}"#, "null"], not: ["", "{]"]),
    Fitting(
      #"{"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]}"#, ["1", #""a""#], not: [#""ab""#, "null"]),
    Fitting(
      ##"{"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}"##, [#"{"a":1}"#, #"{"b":1,"c":2}"#],
      not: ["{}", #"{"a":1,"b":1}"#]),
    Fitting(
      #"{"oneOf": [{"properties": {"k": {"const": "x"}, "v": {"type": "integer"}}, "required": ["k", "v"]}, {"properties": {"k": {"const": "y"}}, "required": ["k"]}], "type": "object"}"#,
      [#"{"k":"x","v":1}"#, #"{"k":"y"}"#], not: [#"{"k":"x"}"#, #"{"k":"z"}"#, #"{"k":"x","v":"s"}"#]),
    Fitting(
      #"{"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}, "type": "object"}"#,
      [#"{"a":1,"b":2}"#, #"{"c":1}"#, #"{"a":2,"c":1}"#],
      not: [#"{"a":1}"#, #"{"a":1,"c":1}"#, "{}", #"{"a":2,"b":1}"#]),
    Fitting(
      ##"{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "additionalProperties": false}}}"##,
      ["{}", #"{"next":{"next":{}}}"#], not: [#"{"next":1}"#]),
    Fitting(
      ##"{"properties": {"a": {"$ref": "#/$defs/x", "minimum": 3}, "b": {"$ref": "#pos"}}, "required": ["a"], "type": "object", "$defs": {"x": {"type": "integer"}, "y": {"$anchor": "pos", "exclusiveMinimum": 0, "type": "number"}}}"##,
      [#"{"a":3}"#, #"{"a":4,"b":0.5}"#], not: [#"{"a":2}"#, #"{"a":3,"b":0}"#]),
    Fitting(
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#/definitions/a%20b~1c", "maximum": 1}}, "definitions": {"a b/c": {"type": "integer"}}, "type": "object"}"##,
      [#"{"a":5}"#], not: [#"{"a":"x"}"#]),
    Fitting(
      #"{"$id": "http://x.y/root", "properties": {"a": {"$ref": "item"}}, "type": "object", "$defs": {"i": {"$id": "http://x.y/item", "type": "null"}}}"#,
      [#"{"a":null}"#], not: [#"{"a":1}"#]),
    Fitting(#"{"not": {"type": ["integer", "string"]}}"#, ["null", "1.5", "[]"], not: ["1", #""a""#]),
    Fitting(
      #"{"title": "x", "default": 1, "x-y": {"type": "z"}, "nullable": true, "type": "null"}"#, ["null"], not: ["1"]),
  ])
  func fits(fitting: Fitting) throws { #expect(try fitting.mistakes() == [], "\(fitting.schema)") }

  @Test(arguments: [
    (#"{"properties": {"a/b": {"$ref": "http://x.y/z"}}, "type": "object"}"#, "#/properties/a~1b/$ref"),
    (#"{"items": {"type": "strin"}}"#, "#/items/type"),
    (#"{"dependentRequired": {"a": 1}}"#, "#/dependentRequired/a"),
    (#"{"pattern": "(a"}"#, "#/pattern"),
    (#"{"format": "regex", "type": "string"}"#, "#/format"),
    (#"{"uniqueItems": true, "type": "array"}"#, "#/uniqueItems"),
    (##"{"$ref": "#"}"##, "#"),
    (#"{"minLength": -1}"#, "#/minLength"),
    (#"{"multipleOf": 0}"#, "#/multipleOf"),
    (#"{"maximum": "9"}"#, "#/maximum"),
    (#"{"anyOf": {}}"#, "#/anyOf"),
    (##"{"$dynamicRef": "#x"}"##, "#/$dynamicRef"),
    (
      #"{"oneOf": [{"type": "array", "uniqueItems": true}, {"type": "array", "maxItems": 3}]}"#, "#/oneOf/0/uniqueItems"
    ),
  ])
  func aWordThatCannotBeKeptIsRefusedWithItsPlace(schema: String, place: String) throws {
    #expect(try refusal(schema)?.place == place)
  }

  @Test func whatNothingFitsHasNoText() throws {
    for schema in ["false", #"{"type": "string", "minLength": 3, "maxLength": 2}"#, #"{"enum": []}"#, #"{"not": {}}"#] {
      #expect(throws: GrammarError.empty) { try matcher(schema) }
    }
  }

  @Test(arguments: [
    ("false", "#"), (#"{"type": "string", "minLength": 3, "maxLength": 2}"#, "#"),
    (#"{"type": "object", "properties": {"a": {"enum": []}, "b": {}}, "required": ["a", "b"]}"#, "#/properties/a"),
    (#"{"type": "array", "minItems": 2, "items": {"type": "string", "pattern": "^a", "maxLength": 0}}"#, "#/items"),
    (
      ##"{"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "required": ["a"], "$defs": {"x": {"not": {}}}}"##,
      "#/$defs/x"
    ), (#"{"anyOf": [false, {"enum": []}]}"#, "#"),
    (##"{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}"##, "#"),
    (
      #"{"type":"object","properties":{"x":{"type":"object","properties":{"y":{"type":"integer","minimum":3,"maximum":2}},"required":["y"]}},"required":["x"]}"#,
      "#/properties/x/properties/y"
    ),
  ])
  func whereNothingFitsIsTold(schema: String, place: String) throws {
    #expect(try JSONSchema(text: schema).placeOfNothing() == place)
  }
}
