internal import Apus
internal import ApusJSON
internal import ApusSampling
internal import ApusTestSupport
internal import Testing

struct StructuredResponseTests {
  enum Mood: String, Decodable, CaseIterable { case good, bad }
  struct Note: Decodable, Equatable {
    let mood: Mood
    let stars: Int
    let words: [String]
    let remark: String?
  }
  struct Short: StructuredOutput {
    let mood: Mood
    let stars: Int
    static let outputSchema = OutputSchema.object(
      ["mood": .choice(["good", "bad"]), "stars": .integer(in: 1...5)])
  }

  private let tiny: TestModel

  init() throws { tiny = try TestModel { $0.chatTemplate = "{% for m in messages %}{{ m.content }}{% endfor %}" } }

  private func session(_ seed: UInt64, maxTokens: Int? = 300) async throws -> ChatSession {
    var sampling = SamplingOptions.greedy
    sampling.temperature = 1.5
    return try await tiny.load().session(
      options: SessionOptions(
        generation: GenerationOptions(maxTokens: maxTokens, sampling: sampling, seed: seed), overflow: .stop))
  }

  @Test func `An answer is a value, or an error that says that it was cut`() async throws {
    for seed in 0..<8 as Range<UInt64> {
      let answer = try await session(seed).respond(to: "the", as: Short.self)
      #expect((1...5).contains(answer.value.stars) && answer.completion.finishReason == .stop)
      #expect(try JSONParser.parse(answer.completion.text)["stars"] == .int(answer.value.stars))
    }
    let error = await #expect(throws: ApusError.self) {
      try await session(1, maxTokens: 3).respond(to: "the", as: Short.self)
    }
    #expect(error == .outputCut(reason: .length))
  }

  @Test func `A stream gives what there is, and the complete value last`() async throws {
    var states: [PartialOutput<Short>] = []
    for try await state in try await session(3).streamResponse(to: "the", as: Short.self) { states.append(state) }
    let last = try #require(states.last)
    #expect(last.isComplete && (1...5).contains(last.value.stars))
    #expect(states.dropLast().allSatisfy { !$0.isComplete && last.text.hasPrefix($0.text) })
  }

  @Test func `Every beginning of a text has the part that is certain`() throws {
    let text = #"{"mood":"bad","stars":12,"words":["ä\n","\u00e9\"x",""],"remark":null}"#
    var seen: [String] = []
    for count in 0...text.utf8.count {
      var json = PartialJSON()
      json.append(text.utf8.prefix(count))
      guard let value = json.value else { continue }
      let note = try OutputDecoder(value).decode(Note.self)
      seen.append("\(note.mood) \(note.stars) \(note.words.joined(separator: "|"))")
    }
    #expect(seen.first == "good 0 " && seen.last == "bad 12 ä\n|é\"x|")
    #expect(!seen.contains { $0.contains("12 ") == false && $0.contains(" 1 ") }, "half a number is no number")
    #expect(seen.contains("bad 12 ") && seen.contains("bad 12 ä") && seen.contains("bad 12 ä\n|é"))
  }

  @Test func `Half a pair of escapes is no reason to take a text back`() throws {
    let text = #"{"words":["a\ud83d\ude00b"]}"#
    var last = ""
    for count in 0...text.utf8.count {
      var json = PartialJSON()
      json.append(text.utf8.prefix(count))
      guard case .array(let words)? = json.value?["words"], case .string(let word)? = words.first else { continue }
      #expect(word.hasPrefix(last), "\(count)")
      last = word
    }
    #expect(last == "a😀b")
  }

  @Test func `Broken texts have no value, or one of what came before`() {
    for text in ["}", "]", "[1,,", "{\"a\"", "\"", "\\", "[[[", "{\"a\":\"\\u12", "nul", "{]", ":", ","] {
      var json = PartialJSON()
      json.append(text.utf8)
      _ = json.value
    }
    var deep = PartialJSON()
    deep.append(String(repeating: "[", count: 100_000).utf8)
    #expect(deep.value == nil)
  }
}
