internal import Apus

// The code of Apus.docc/Constraints.md: compiled, so that it stays right, and never run.

private func value(session: ChatSession) async throws {
  struct Bird: Decodable {
    let name: String
    let wingspanInCentimetres: Int
    let continents: [String]
  }
  let answer = try await session.respond(to: "Which bird flies fastest?", as: Bird.self)
  print(answer.value.name, answer.value.continents.count)
}

private func stated(session: ChatSession) async throws {
  struct Review: StructuredOutput {
    let mood: String
    let stars: Int
    static let outputSchema = OutputSchema.object([
      "mood": .choice(["good", "mixed", "bad"]),
      "stars": .integer("Five is best.", in: 1...5),
    ])
  }
  for try await state in try session.streamResponse(to: "Review the film.", as: Review.self) {
    print(state.value.mood, state.value.stars, state.isComplete)
  }
}

private func form(model: Model) async throws {
  var options = GenerationOptions(constraint: .choices(["positive", "negative", "neutral"]))
  let label = try await model.chat([.user("How does this sound? I loved it.")], options: options)
  options.constraint = .regularExpression("[0-9]{4}-[0-9]{2}-[0-9]{2}")
  let date = try await model.chat([.user("When did the second world war end?")], options: options)
  print(label.text, date.text)
}
