internal import Apus
internal import ApusJSON

/// The tokens of a text as TGI's `/tokenize` tells them: each with the characters of the text that it stands for.
struct TGITokenList {
  let json: JSONValue

  init(_ fields: RequestFields, _ setting: JobSetting) throws {
    let (model, limit) = (setting.model, setting.limits.replyTexts)
    guard let text = try fields.string("inputs") else { throw fields.mismatch("inputs", "a text") }
    let adds = try fields.bool("add_special_tokens") ?? true
    let tokens = try model.tokens(of: text, addSpecial: adds, setting.shouldStop)
    guard tokens.count <= limit else { throw Refusal.manyTokens(limit, field: "inputs") }
    let added = adds ? tokens.count - (try model.tokens(of: text, addSpecial: false, setting.shouldStop)).count : 0
    let length = text.unicodeScalars.count
    let first = tokens.dropFirst(added).first.flatMap { model.bytes(of: $0).first }
    let space = UInt8(ascii: " ")
    // Some tokenizers put a space before a text.
    var place = first == space && text.utf8.first != space ? -1 : 0
    json = .array(
      tokens.enumerated().map { index, token in
        let start = place
        if index >= added { place += model.bytes(of: token).count { $0 & 0xC0 != 0x80 } }
        return [
          "id": .int(Int(token)), "text": .string(model.distinctText(of: token)),
          "start": .int(min(max(0, start), length)), "stop": .int(min(max(0, place), length)),
        ]
      })
  }
}
