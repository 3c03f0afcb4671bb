internal import ApusCore
internal import ApusJSON
internal import ApusTokenizers
internal import Foundation

/// What was done and measured, for programs: an object a line.
enum JSONLines {
  /// The bytes of each token, in hexadecimal digits; of control tokens none.
  static func vocabulary(_ tokenizer: Tokenizer) -> String {
    let vocabulary = tokenizer.vocabulary
    let tokens = (0..<vocabulary.count).map { token in
      let piece = vocabulary.kind(of: Token(token)) == .control ? [] : tokenizer.piece(of: Token(token))
      return JSONValue.string(piece.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
    let end = vocabulary.endOfGeneration.first.map { JSONValue.int(Int($0)) } ?? .null
    return text([("tokens", .array(tokens)), ("end", end)])
  }

  /// A schema, its instances as tokens, and what became of them; times are in nanoseconds.
  static func line(of outcome: Outcome, _ entry: Entry, _ tokenizer: Tokenizer) -> String {
    let tests = entry.tests.map { test in
      let tokens = tokenizer.encode(test.value.serialized(.compact), addSpecial: false, parseSpecial: false)
      return JSONValue.object(
        JSONObject([("valid", .bool(test.isValid)), ("tokens", .array(tokens.map { .int(Int($0)) }))]))
    }
    return text([
      ("name", .string(entry.name)),
      ("schema", .string(String(decoding: entry.schema.serialized(.compact), as: UTF8.self))),
      ("tests", .array(tests)), ("refused", .bool(outcome.refusal != nil)), ("compile", time(outcome.compile)),
      ("masks", .array(outcome.masks.map(time))), ("validRefused", .int(outcome.refused.count)),
      ("invalidAccepted", .int(outcome.accepted.count)),
    ])
  }

  /// Reads texts in hexadecimal digits, one a line, and writes the tokens of each.
  static func encode(with tokenizer: Tokenizer) {
    while let line = readLine() {
      let digits = Array(line.utf8)
      let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { place in
        UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16)
      }
      let tokens = tokenizer.encode(continuing: bytes)
      FileHandle.standardOutput.write(Data("\(tokens)\n".utf8))
    }
  }

  private static func time(_ duration: Duration) -> JSONValue { .int(Int(duration / .nanoseconds(1))) }

  private static func text(_ members: [(String, JSONValue)]) -> String {
    String(decoding: JSONValue.object(JSONObject(members)).serialized(.compact), as: UTF8.self)
  }
}
