internal import ApusJSON
internal import ApusTestSupport

/// A reason for which an output means something else to us than to the reference; all are told in Docs/ToolCalls.md.
struct Disagreement: Sendable {
  var reason: String
  /// Whether it is about this case.
  var isAbout: @Sendable (_ entry: JSONValue, _ name: String, _ family: String) -> Bool
  /// Whether what we make of it is as the reason says.
  var allows: @Sendable (_ state: TurnState, _ isText: Bool) -> Bool

  init(
    _ reason: String, names: [String] = [], families: [String] = [],
    allows: @escaping @Sendable (_ state: TurnState, _ isText: Bool) -> Bool
  ) {
    self.reason = reason
    isAbout = { _, name, family in names.contains(name) || families.contains(family) }
    self.allows = allows
  }

  static let all = [
    Disagreement("arguments that are a text with JSON in it are that JSON", names: ["malformed-string-args"]) {
      state, _ in
      state.calls.map(\.arguments) == [#"{"city": "Paris, France", "unit": "celsius"}"#]
    },
    Disagreement("a line break in a text becomes an escape", names: ["args-raw-newline-in-string"]) { state, _ in
      state.calls.map(\.arguments) == [#"{"city": "two\nlines"}"#]
    },
    Disagreement("null as arguments means none", names: ["args-null"]) { state, _ in
      state.calls.map(\.arguments) == ["{}"]
    },
    Disagreement("an array as arguments is no call", names: ["malformed-array-for-object"]) { $1 },
    Disagreement("where one call is wanted, what follows it is content", names: ["two-calls-parallel-off"]) {
      state, _ in
      state.calls.map(\.name) == ["get_weather"] && state.content.contains("search_files")
    },
    Disagreement("a call that was cut off before its arguments is left out", names: ["cut-in-second-call"]) {
      state, _ in
      state.calls.first?.isComplete == true && state.content.isEmpty
    },
    Disagreement(
      "only the last mark is missing: the call is whole", names: ["malformed-no-tool-call-end", "cut-before-end"]
    ) { state, _ in state.calls.allSatisfy { $0.arguments.hasSuffix("}") || !$0.isComplete } },
    Disagreement("Python's literals are read", names: ["python-literals"]) { state, _ in
      state.calls.map(\.name) == ["search_files"]
    },
    Disagreement("the second call is a call too", names: ["two-calls-unsupported"]) { state, _ in
      state.calls.map(\.name) == ["get_weather", "search_files"]
    },
    Disagreement("white space around marks does not matter", names: ["space-before-args"]) { state, _ in
      state.calls.map(\.name) == ["get_weather"]
    },
    Disagreement("calls that nobody asked for are content", names: ["no-tools-call", "choice-none-call"]) { $1 },
    Disagreement(
      "the reference has no reader for this family",
      families: ["deepseek-r1-distill-llama", "granite-3.3", "phi-4-mini", "smollm3"]
    ) { state, isText in
      isText || !state.calls.isEmpty || state.content.trimmed == "Let me check that for you."
    },
    losesText,
  ]

  private static var losesText: Disagreement {
    var disagreement = Disagreement("the reference drops what it cannot read: that is content") { $1 }
    disagreement.isAbout = { entry, _, _ in entry["reference_loses_text"] == true }
    return disagreement
  }
}
