internal import ApusSchema
internal import Testing

struct ObjectTests {
  @Test(arguments: [
    Fitting(
      #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}}, "required": ["b"]}"#,
      [#"{"b":null}"#, #"{"a":1,"b":null}"#, #"{"b":null,"a":1}"#, #"{"c":[],"b":null,"d":{}}"#],
      not: [
        #"{}"#, #"{"a":1}"#, #"{"a":"x","b":null}"#, #"{"b":null,"b":null}"#, #"{"b":null,"\u0061":"x"}"#,
        #"{"b":null,}"#,
      ]),
    Fitting(
      #"{"type": "object", "properties": {"a": {}}, "additionalProperties": false}"#, ["{}", #"{"a":[1,{"x":"y"}]}"#],
      not: [#"{"b":1}"#, #"{"a":1,"b":2}"#]),
    Fitting(
      #"{"type": "object", "patternProperties": {"^n": {"type": "integer"}}, "additionalProperties": {"type": "string"}}"#,
      [#"{"n1":1,"x":"y"}"#, #"{"x":"y","n":2}"#], not: [#"{"n":"y"}"#, #"{"x":1}"#]),
    Fitting(
      #"{"properties": {"ab": {"minimum": 3}}, "patternProperties": {"b$": {"type": "integer"}, "^a": {"maximum": 9}}, "type": "object"}"#,
      [#"{"ab":5,"ax":"y","xb":100}"#],
      not: [#"{"ab":2}"#, #"{"ab":10}"#, #"{"ax":10}"#, #"{"xb":1.5}"#, #"{"aab":10}"#]),
    Fitting(
      #"{"type": "object", "propertyNames": {"pattern": "^[a-z]+$", "maxLength": 2}}"#, [#"{"a":1,"zz":2}"#],
      not: [#"{"abc":1}"#, #"{"A":1}"#]),
    Fitting(
      #"{"type": "object", "minProperties": 1, "maxProperties": 2, "properties": {"a": {}, "b": {}, "c": {}}}"#,
      [#"{"a":1}"#, #"{"c":1,"x":2}"#, #"{"x":1,"y":2}"#],
      not: ["{}", #"{"a":1,"b":2,"c":3}"#, #"{"x":1,"y":2,"z":3}"#]),
    Fitting(
      #"{"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 2, "additionalProperties": false}"#,
      [#"{"a":1,"b":2}"#], not: [#"{"a":1}"#, "{}"]),
    Fitting(
      #"{"type": "object", "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"minProperties": 3}}, "properties": {"a": {}, "b": {}, "c": {}, "d": {}, "e": {}}, "additionalProperties": false}"#,
      ["{}", #"{"a":1,"b":2}"#, #"{"c":1,"d":2,"e":3}"#, #"{"b":1}"#], not: [#"{"a":1}"#, #"{"c":1,"b":1}"#]),
    Fitting(
      #"{"type": "object", "dependencies": {"a": ["b"], "c": {"required": ["d"]}}}"#,
      [#"{"a":1,"b":2}"#, #"{"c":1,"d":1}"#],
      not: [#"{"a":1}"#, #"{"c":1}"#]),
    Fitting(
      #"{"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"type": "string"}}}], "type": "object", "unevaluatedProperties": false}"#,
      [#"{"a":1}"#, #"{"a":1,"b":"x"}"#], not: [#"{"a":1,"c":1}"#, #"{"b":"x"}"#]),
    Fitting(
      #"{"const": {"a": [1, {"b": null}]}}"#, [#"{"a":[1,{"b":null}]}"#],
      not: [#"{"a":[1]}"#, "{}", #"{"a":[1,{"b":null}],"c":1}"#]),
    Fitting(
      #"{"type": "object", "not": {"required": ["a", "b"]}}"#, ["{}", #"{"a":1}"#, #"{"b":1,"c":2}"#],
      not: [#"{"a":1,"b":2}"#, #"{"b":1,"x":3,"a":2}"#]),
    Fitting(
      #"{"type": "object", "not": {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}}"#,
      [#"{"a":"x"}"#, #"{"a":1,"b":2}"#], not: ["{}", #"{"a":1}"#, #"{"a":1,"b":"x"}"#]),
    Fitting(
      #"{"type": "object", "not": {"additionalProperties": {"type": "integer"}}}"#,
      [#"{"x":"y"}"#, #"{"x":1,"y":"z","w":2}"#],
      not: ["{}", #"{"x":1}"#]),
  ])
  func fits(fitting: Fitting) throws {
    #expect(try fitting.mistakes() == [], "\(fitting.schema)")
  }

  @Test func theDeclaredOrderCanBeKept() throws {
    let schema = #"{"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]}"#
    let start = try matcher(schema, JSONSchemaOptions(propertyOrder: .asDeclared))
    for text in [#"{"b":1}"#, #"{"a":1,"b":1,"c":1,"x":1}"#, #"{"b":1,"x":1,"y":2}"#] { #expect(accepts(text, start)) }
    for text in [#"{"b":1,"a":1}"#, #"{"x":1,"b":1}"#, #"{"c":1,"b":1}"#] { #expect(!accepts(text, start)) }
  }

  @Test func whiteSpaceIsAllowedWhereItIsAskedFor() throws {
    let schema = #"{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}"#
    let text = "{\n  \"a\": [1, 2]\n}"
    #expect(!accepts(text, try matcher(schema)))
    let flexible = try matcher(schema, JSONSchemaOptions(whiteSpace: .upTo(indentation: 4)))
    #expect(accepts(text, flexible) && accepts(#"{"a":[]}"#, flexible) && accepts("{ }", flexible))
    #expect(!accepts("{\n          \"a\": []}", flexible) && !accepts("{\n\n\n}", flexible))
  }
}
