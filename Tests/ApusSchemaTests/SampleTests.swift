internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// The reference data's real schemas, each with values that fit and values that do not.
@Suite(.enabled(if: TestData.shouldRun, "\(TestData.reason)"))
struct SampleTests {
  @Test func realSchemasAreKept() throws {
    let file = try #require(TestData.files(in: "schemas", suffix: ".jsonl").first)
    let trie = TokenTrie(count: 0) { _ in nil }
    var counts = (schemas: 0, kept: 0)
    for line in try Data(contentsOf: file).split(separator: 0x0A) {
      let entry = try JSONParser.parse(Array(line))
      guard let schema = entry["schema"], case .array(let tests)? = entry["tests"] else { continue }
      counts.schemas += 1
      guard let grammar = try? JSONSchema(schema).grammar, let compiled = try? CompiledGrammar(grammar) else {
        continue
      }
      counts.kept += 1
      for test in tests {
        guard let value = test["data"], let isValid = test["valid"] else { continue }
        var matcher = GrammarMatcher(compiled, trie)
        let isAccepted = matcher.accept(bytes: value.serialized(.compact)) && matcher.canEnd
        #expect(JSONValue.bool(isAccepted) == isValid, "\(entry["name"] ?? .null)")
      }
    }
    #expect(counts.schemas > 800)
    #expect(counts.kept * 100 > counts.schemas * 97, "\(counts.kept) of \(counts.schemas)")
  }
}
