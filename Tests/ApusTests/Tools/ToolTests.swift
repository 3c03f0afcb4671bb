internal import Apus
internal import ApusJSON
internal import Testing

/// Tools as values: what is told of them, what they take and give.
struct ToolTests {
  enum Unit: String, Codable, CaseIterable { case celsius, kelvin }
  struct Wish: Decodable {
    let city: String
    let days: Int?
    let unit: Unit
    let stops: [String: [Double]]?
  }
  struct Weather: Tool {
    let name = "weather"
    let description = "The weather."
    func call(_ arguments: Wish) async throws -> String { arguments.city }
  }

  @Test func `A tool is told by its name, its description and the type of its arguments`() throws {
    let definition = try Weather().definition
    let json = try #require(try ToolDefinition.json([definition]).first)
    #expect(json["type"] == "function" && json["function"]?["name"] == "weather")
    #expect(json["function"]?["description"] == "The weather.")
    #expect(json["function"]?["parameters"]?["required"] == ["city", "unit"])
    #expect(json["function"]?["parameters"]?["properties"]?["unit"] == ["enum": ["celsius", "kelvin"]])
    let schema = OutputSchema.object(["city": .string("Its name.")])
    let stated = ToolFunction("x", "", parameters: schema) { (_: JSONArguments) in "" }
    let told = try stated.definition
    #expect(told.parameters == schema)
    let plain = try ToolFunction("now", "") { "" }.definition
    #expect(try JSONParser.parse(plain.parameters.json)["type"] == "object")
  }

  @Test func `Tools that cannot be told are refused`() async throws {
    let model = try await ScriptedModel().load()
    let none = OutputSchema(json: "[]")
    let hopeless: [[any Tool]] = [
      [ToolFunction("", "") { "" }], [ToolFunction("a b", "") { "" }],
      [ToolFunction(String(repeating: "a", count: 129), "") { "" }], [Weather(), Weather()],
      [ToolFunction("a", "", parameters: none) { (_: JSONArguments) in "" }],
    ]
    for tools in hopeless {
      let error = #expect(throws: ApusError.self) { try model.session(tools: tools) }
      guard case .invalidRequest(field: "tools", _)? = error else { Issue.record("\(error as Any)"); continue }
    }
  }

  @Test func `A model is told of tools where it may call them, and its calls are values`() async throws {
    let model = try await ScriptedModel().load()
    let tools = [try Weather().definition]
    var options = GenerationOptions.greedy(4)
    let with = try await model.chat([.user("Warm?")], tools: tools, options: options)
    options.toolChoice = .none
    let without = try await model.chat([.user("Warm?")], tools: tools, options: options)
    let plain = try await model.chat([.user("Warm?")], options: .greedy(4))
    #expect(with.usage.promptTokens > plain.usage.promptTokens)
    #expect(without.tokens == plain.tokens && without.usage.promptTokens == plain.usage.promptTokens)
  }

  @Test(
    arguments: [
      (#"{"city": "Rome", "unit": "kelvin", "stops": {"a": [1, 2.5]}}"#, nil),
      (#"{"city": "Rome", "unit": "kelvin", "days": null, "more": 1}"#, nil),
      ("{}", "'city' is missing"), ("[]", "the value must be an object"),
      (#"{"city": null, "unit": "kelvin"}"#, "'city' must be a text"),
      (#"{"city": "Rome", "unit": "rankine"}"#, #"'unit' must fit {"enum":["celsius","kelvin"]}"#),
      (#"{"city": "Rome", "unit": 5}"#, "'unit' must be a text"),
      (
        #"{"city": "Rome", "unit": "kelvin", "days": 1.5}"#,
        "'days' must be a whole number from -9223372036854775808 to 9223372036854775807"
      ),
      (#"{"city": "Rome", "unit": "kelvin", "stops": {"a": [1, "b"]}}"#, "'stops.a[1]' must be a number"),
      (#"{"city": "Rome", "unit": "kelvin", "stops": {"a": {}}}"#, "'stops.a' must be a list"),
    ] as [(String, String?)])
  func `Arguments are read strictly, and what is wrong is said in plain words`(text: String, problem: String?) throws {
    let decoder = OutputDecoder(strict: try JSONParser.parse(Array(text.utf8)))
    guard let problem else {
      #expect(try decoder.decode(Wish.self).city == "Rome")
      return
    }
    let error = #expect(throws: (any Error).self) { try decoder.decode(Wish.self) }
    #expect("\(try #require(error))" == problem)
  }

  @Test func `A value of another kind than its type is an error where the answer is read too`() throws {
    #expect(throws: (any Error).self) { try OutputDecoder(["city": 5]).decode(Wish.self) }
  }

  struct Everything: Codable, Equatable {
    var name = "ä\"\n"
    var count: UInt64 = .max
    var small: Int8 = -3
    var ratio: Float = 0.5
    var isGood = true
    var missing: Int?
    var unit = Unit.kelvin
    var list: [[Int]] = [[1], []]
    var table: [String: [String]] = ["a": ["b"]]
  }

  @Test func `What tools give becomes JSON`() throws {
    let json = try OutputEncoder.json(Everything())
    #expect(json["name"] == "ä\"\n" && json["count"] == .unsigned(.max) && json["small"] == -3)
    #expect(json["missing"] == nil && json["unit"] == "kelvin" && json["list"] == [[1], []])
    #expect(try OutputDecoder(strict: json).decode(Everything.self) == Everything())
    #expect(try OutputEncoder.json([Double]()) == [] && OutputEncoder.json([String: Int]()) == [:])
    #expect(try OutputEncoder.json(Int?.none) == .null && OutputEncoder.json(7) == 7)
    #expect(throws: EncodingError.self) { try OutputEncoder.json(["x": Double.nan]) }
  }
}
