internal import Apus
internal import ApusJSON
internal import Testing

struct OutputSchemaTests {
  enum Color: String, Decodable, CaseIterable { case red, green }
  enum Grade: Int, Decodable, CaseIterable { case one = 1, two }
  struct Point: Decodable {
    let x: Double
    let y: Float?
  }
  struct Everything: Decodable {
    let name: String
    let count: UInt8
    let isGood: Bool
    let points: [Point]
    let color: Color
    let grade: Grade?
    let words: [String: [Int]]
  }
  struct Tree: Decodable {
    let name: String
    let children: [Tree]
  }
  struct Renamed: Decodable {
    let firstName: String
    enum CodingKeys: String, CodingKey { case firstName = "first_name" }
  }
  struct Stated: StructuredOutput {
    let age: Int
    static let outputSchema = OutputSchema.object(["age": .integer("In years.", in: 0...150)], description: "A person.")
  }
  struct Holder: Decodable { let stated: Stated }
  enum Loose: String, Decodable { case a, b }
  struct Wrapper: Decodable { let loose: Loose }
  struct ListOfItsOwn: Decodable {
    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      _ = try list.decode(Int.self)
    }
  }

  private func schema(_ type: any Decodable.Type) throws -> JSONValue {
    try JSONParser.parse(try OutputSchema(of: type).json)
  }

  @Test func `A schema follows from how a type is decoded`() throws {
    let found = try schema(Everything.self)
    guard case .object(let properties)? = found["properties"] else { Issue.record("\(found)"); return }
    #expect(properties.keys == ["name", "count", "isGood", "points", "color", "grade", "words"])
    #expect(properties["name"] == ["type": "string"])
    #expect(properties["count"] == ["type": "integer", "minimum": 0, "maximum": 255])
    #expect(properties["isGood"] == ["type": "boolean"])
    #expect(properties["color"] == ["enum": ["red", "green"]])
    #expect(properties["grade"] == ["enum": [1, 2]])
    #expect(
      properties["points"]?["items"] == [
        "type": "object", "properties": ["x": ["type": "number"], "y": ["type": "number"]], "required": ["x"],
        "additionalProperties": false,
      ])
    #expect(
      properties["words"]?["additionalProperties"]?["items"]
        == JSONValue.object(
          JSONObject([("type", "integer"), ("minimum", .int(.min)), ("maximum", .int(.max))])))
    #expect(found["required"] == ["name", "count", "isGood", "points", "color", "words"])
    #expect(try schema([Color].self) == ["type": "array", "items": ["enum": ["red", "green"]]])
    #expect(try schema(Renamed.self)["required"] == ["first_name"])
  }

  @Test func `A type that contains itself is described by reference`() throws {
    let found = try schema(Tree.self)
    let reference: JSONValue = ["$ref": "#/$defs/T0"]
    #expect(found["allOf"] == [reference])
    #expect(found["$defs"]?["T0"]?["properties"]?["children"] == ["type": "array", "items": reference])
  }

  @Test func `What a type says itself counts, also within others`() throws {
    let stated = try schema(Stated.self)
    #expect(stated["description"] == "A person." && stated["properties"]?["age"]?["maximum"] == 150)
    #expect(try schema(Holder.self)["properties"]?["stated"] == stated)
  }

  @Test func `Types that cannot be described are refused with advice`() {
    for type in [Loose.self, Wrapper.self, ListOfItsOwn.self] as [any Decodable.Type] {
      let error = #expect(throws: ApusError.self) { try OutputSchema(of: type) }
      #expect(error?.description.contains("conform it to StructuredOutput") == true, "\(type)")
    }
  }

  @Test func `Schemas that are put together are JSON`() throws {
    let schemas: [OutputSchema] = [
      .string("A \"name\".", length: 1...20, pattern: "^[a-z\\d]+$"), .choice(["a", "b\n"]), .number(in: 0...1.5),
      .array("Some.", of: .boolean(), count: 1...3), .nullable(.integer()),
      .anyOf([.string(), .object(["a": .boolean("?")], optional: ["a"])]),
    ]
    for schema in schemas { _ = try JSONParser.parse(schema.json) }
    #expect(try JSONParser.parse(schemas[0].json)["pattern"] == "^[a-z\\d]+$")
  }
}
