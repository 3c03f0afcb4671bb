internal import Foundation

/// A path below `/model`: whom it asks, and for what.
struct BedrockPath: Sendable {
  /// What can be asked of a model.
  enum Operation: String, CaseIterable, Sendable {
    case invoke
    case invokeStream = "invoke-with-response-stream"
    case converse
    case converseStream = "converse-stream"
    case countTokens = "count-tokens"
  }

  /// The model's name: without the region before it, and the last part of an ARN.
  let model: String
  let operation: Operation

  /// Reads a path whose escapes are as they came: `/model/MODEL/OPERATION`.
  ///
  /// The model's name is one component; where a proxy has undone its escapes, it is several. Nil for other paths.
  init?(_ path: String) {
    let parts = path.split(separator: "/")
    guard parts.count >= 3, parts[0] == "model", let last = parts.last,
      let operation = Operation(rawValue: String(last)),
      let name = parts[1..<(parts.count - 1)].joined(separator: "/").removingPercentEncoding,
      let model = Self.model(name)
    else { return nil }
    self.model = model
    self.operation = operation
  }

  /// What a name or an ARN names; nil where that is nothing.
  static func model(_ name: String) -> String? {
    // The part of an ARN that names something follows its kind: `…:inference-profile/us.meta.llama3-8b`.
    var model = name.utf8.starts(with: "arn:".utf8) ? name.split(separator: "/").last ?? "" : name[...]
    for region in ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "global."] where model.hasPrefix(region) {
      model = model.dropFirst(region.count)
      break
    }
    return model.isEmpty ? nil : String(model)
  }
}
