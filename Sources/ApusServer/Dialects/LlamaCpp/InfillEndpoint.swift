internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /infill` of llama.cpp: fills the gap between two pieces of code.
struct InfillEndpoint: GenerationEndpoint {
  var dialect: any Dialect { LlamaDialect() }
  var promptField: String { "input_prefix" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob {
    // What is written already of the middle stands behind the prefix.
    let before = (try fields.string("input_prefix") ?? "") + (try fields.string("prompt") ?? "")
    var gap = TextGap(before: before, behind: try fields.string("input_suffix") ?? "")
    for (index, value) in (try fields.array("input_extra") ?? []).enumerated() {
      guard case .object(let object) = value else {
        throw fields.mismatch("input_extra", "an array of objects with filename and text")
      }
      let file = fields.nested(object, "input_extra[\(index)]")
      guard let text = try file.string("text") else { throw file.mismatch("text", "a text") }
      gap.files.append((name: try file.string("filename") ?? "tmp", text: text))
    }
    guard let (prompt, ends) = try setting.model.infill(gap, shouldStop: setting.shouldStop) else {
      throw Refusal.noInfill(promptField)
    }
    var request = try LlamaRequest(fields, setting)
    request.common.options.stopTokens += ends
    return try request.job([prompt], isList: false, setting)
  }
}

extension Refusal {
  /// A gap is to be filled by a model that was not made for it.
  static func noInfill(_ field: String) -> Refusal {
    Refusal(
      .unsupported, "\(field): this model was not made to fill in the middle of a text: use one that was",
      field: field)
  }
}
