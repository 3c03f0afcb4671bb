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
      #"{"type": "object", "properties": {"a": {}}, "required": ["a"], "minProperties": 2}"#,
      [#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, #"{"a":1,"b":2,"b":3}"#],
      not: [#"{"a":1}"#, #"{"a":1,"a":2}"#, #"{"b":1,"c":2}"#]),
    Fitting(
      #"{"type": "object", "patternProperties": {"^[ab]?c$": {"type": "integer"}}, "additionalProperties": false, "minProperties": 2}"#,
      [#"{"c":1,"bc":2}"#, #"{"bc":1,"ac":2,"c":3}"#],
      not: [#"{"c":1}"#, #"{"c":1,"c":2}"#, #"{"c":1,"d":2}"#, #"{"c":"x","ac":1}"#, #"{"c":1,"abc":2}"#]),
    Fitting(
      #"{"type": "object", "propertyNames": {"enum": ["x", "y", "z"]}, "minProperties": 2, "maxProperties": 2}"#,
      [#"{"x":1,"z":2}"#, #"{"y":[],"x":{}}"#],
      not: [#"{"x":1}"#, #"{"x":1,"x":2}"#, #"{"x":1,"y":2,"z":3}"#, #"{"x":1,"w":2}"#]),
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

  @Test(arguments: [
    #"{"type": "object", "minProperties": 2}"#,
    #"{"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "minProperties": 3}"#,
    #"{"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": false, "minProperties": 2}"#,
    #"{"type": "object", "propertyNames": {"maxLength": 2}, "minProperties": 2}"#,
    #"{"type": "object", "patternProperties": {"^[0-9]{3}$": {}}, "additionalProperties": false, "minProperties": 2}"#,
  ])
  func othersThatWouldHaveToDifferAreRefused(schema: String) throws {
    let error = try #require(try refusal(schema))
    #expect(error.place == "#" && error.reason.hasPrefix("minProperties of "), "\(error)")
  }

  @Test func keysThatTakeTooLongToCompareAreNoReasonToNameThem() throws {
    let patterns = (2..<62).map { #"{"propertyNames": {"pattern": "[0-9]{1,\#($0)}"}}"# }.joined(separator: ",")
    let schema =
      #"{"patternProperties": {"^[0-9]{2}$": {}}, "additionalProperties": false, "minProperties": 2, "allOf": [\#(patterns)]}"#
    let error = try #require(try refusal(schema))
    #expect(error.reason == "has too many keys and patterns to compare: write fewer patterns", "\(error)")
  }

  @Test func thousandsOfPropertiesAreKept() throws {
    let names = (0..<2_000).map { "k\($0)" }
    let properties = names.map { #""\#($0)": {"type": "integer"}"# }.joined(separator: ",")
    let rest = #""required": ["k7"], "minProperties": 4, "maxProperties": 5, "additionalProperties": false"#
    let schema = #"{"type": "object", "properties": {\#(properties)}, \#(rest)}"#
    func text(_ names: [String]) -> String { "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}" }
    for order in [JSONSchemaOptions.PropertyOrder.any, .asDeclared] {
      let start = try matcher(schema, JSONSchemaOptions(propertyOrder: order))
      #expect(accepts(text(["k0", "k7", "k1000", "k1999"]), start))
      #expect(accepts(text(["k1999", "k7", "k1000", "k0"]), start) == (order == .any))
      for wrong in [
        ["k0", "k7", "k1999"], ["k0", "k1", "k2", "k3"], ["k0", "k7", "k7", "k8"], ["k0", "k7", "k1000", "k2000"],
        ["k0", "k1", "k7", "k8", "k9", "k10"],
      ] { #expect(!accepts(text(wrong), start), "\(wrong)") }
    }
  }

  /// Each of twenty properties can meet any of six demands, in sixty-four ways.
  @Test func manyDemandsOfManyPropertiesAreKept() throws {
    let properties = (0..<20).map { #""a\#($0)": {}"# }.joined(separator: ",")
    let demands = (0..<6).map { #"{"not": {"patternProperties": {"^a": {"const": \#($0)}}}}"# }.joined(separator: ",")
    let schema =
      #"{"type": "object", "properties": {\#(properties)}, "additionalProperties": false, "allOf": [\#(demands)]}"#
    for order in [JSONSchemaOptions.PropertyOrder.any, .asDeclared] {
      let start = try matcher(schema, JSONSchemaOptions(propertyOrder: order))
      for text in [#"{"a1":6}"#, #"{"a0":0,"a1":1}"#, #"{"a3":3,"a4":3,"a19":null}"#] { #expect(accepts(text, start)) }
      for text in ["{}", #"{"a1":5}"#, #"{"a3":3,"a4":3}"#, #"{"a1":6,"a1":6}"#] { #expect(!accepts(text, start)) }
    }
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
