internal import ApusSchema
internal import Testing

struct ArrayTests {
  @Test(arguments: [
    Fitting(
      #"{"type": "array", "items": {"type": "boolean"}}"#, ["[]", "[true]", "[true,false]"],
      not: ["[1]", "[true,]", "[,]"]),
    Fitting(
      #"{"type": "array", "minItems": 2, "maxItems": 3}"#, ["[1,2]", "[[],{},null]"], not: ["[]", "[1]", "[1,2,3,4]"]),
    Fitting(
      #"{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false}"#,
      ["[]", "[1]", #"[1,"a"]"#], not: [#"["a"]"#, #"[1,"a",2]"#]),
    Fitting(
      #"{"type": "array", "items": [{"type": "integer"}], "additionalItems": {"type": "null"}, "minItems": 2}"#,
      ["[1,null]", "[1,null,null]"], not: ["[1]", "[null,null]", "[1,2]"]),
    Fitting(
      #"{"type": "array", "contains": {"type": "integer"}, "items": {"type": ["integer", "string"]}}"#,
      ["[1]", #"["a",1,"b"]"#], not: ["[]", #"["a"]"#, "[1,null]"]),
    Fitting(
      #"{"type": "array", "contains": {"const": 1}, "minContains": 2, "maxContains": 3}"#,
      ["[1,1]", "[0,1,1,0,1]"], not: ["[1]", "[1,1,1,1]", "[]", "[0,1,0]"]),
    Fitting(
      #"{"type": "array", "uniqueItems": true, "items": {"enum": ["a", "b", 1]}}"#, ["[]", #"["a"]"#, #"[1,"b","a"]"#],
      not: [#"["a","a"]"#, #"[1,1.0]"#, #"["c"]"#]),
    Fitting(
      #"{"type": "array", "uniqueItems": true, "items": {"type": "integer", "minimum": -1.5, "maximum": 2}}"#,
      ["[]", "[2,-1,0,1]"], not: ["[1,1]", "[0,0.0]", "[3]", "[-2]"]),
    Fitting(
      #"{"type": "array", "not": {"items": {"type": "integer"}}}"#, [#"["a"]"#, "[1,null,2]"], not: ["[]", "[1,2]"]),
    Fitting(
      #"{"type": "array", "not": {"contains": {"type": "integer"}}}"#, ["[]", "[null]"], not: ["[1]", "[null,1]"]),
    Fitting(#"{"enum": [[1, "a"], []]}"#, [#"[1,"a"]"#, "[]"], not: ["[1]", #"[1,"a",2]"#]),
  ])
  func fits(fitting: Fitting) throws { #expect(try fitting.mistakes() == [], "\(fitting.schema)") }
}
