internal import Apus
internal import ApusGGUF
internal import ApusJSON
internal import ApusTokenizers

/// Tensors of one format.
struct FormatUse: Equatable {
  let name: String
  var tensors = 0
  var elements = 0
  var bytes = 0
}

/// What `inspect` tells about a model file.
struct FileDescription {
  let file: GGUFFile

  init(_ file: GGUFFile) { self.file = file }

  /// The formats of the tensors, the one with most bytes first.
  var formats: [FormatUse] {
    var uses: [String: FormatUse] = [:]
    for tensor in file.tensors {
      var use = uses[tensor.type.name] ?? FormatUse(name: tensor.type.name)
      use.tensors += 1
      // Elements of distinct bytes of one file: the sum of many overflows only on paper.
      use.elements = use.elements.addingReportingOverflow(tensor.elementCount).partialValue
      use.bytes += tensor.byteCount
      uses[tensor.type.name] = use
    }
    return uses.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
  }

  var tensorBytes: Int { file.tensors.reduce(0) { $0 + $1.byteCount } }
  var parameters: Int { formats.reduce(0) { $0.addingReportingOverflow($1.elements).partialValue } }

  /// The text of a metadata key; nil where it is missing or no text.
  func text(_ key: String) -> String? {
    guard case .string(let string)? = file.metadata.value(key) else { return nil }
    return String(decoding: string.bytes, as: UTF8.self)
  }

  var name: String? { text("general.name") }
  var architecture: String? { text("general.architecture") }
  var licence: String? { text("general.license") }
  var chatTemplate: String? { text("tokenizer.chat_template") }

  /// The number of tokens in the vocabulary, where there is one.
  var tokens: Int? {
    guard case .array(let array)? = file.metadata.value("tokenizer.ggml.tokens") else { return nil }
    return array.count
  }

  /// A number that the architecture's keys hold.
  func number(_ key: String) -> Int? {
    architecture.flatMap { file.metadata.value($0 + "." + key)?.integer }
  }

  /// Everything, for programs.
  var json: JSONValue {
    let optional = { (text: String?) in text.map { JSONValue.string($0) } ?? .null }
    let review = ModelReview(file)
    return [
      "file": .string(file.paths[0]),
      "parts": .array(file.paths.map { .string($0) }),
      "version": .int(Int(file.version)),
      "bytes": .int(file.byteCount),
      "name": optional(name),
      "architecture": optional(architecture),
      "licence": optional(licence),
      "purpose": .string(review.purposeSummary),
      "parameters": .int(parameters),
      "formats": .array(formats.map(\.json)),
      "chat_template": optional(chatTemplate),
      "chat": chat(review),
      "warnings": .array(review.lines.map { .string($0) }),
      "metadata": .object(
        JSONObject(file.metadata.keys.map { ($0, file.metadata.value($0).map(describe) ?? .null) })),
      "tensors": .array(file.tensors.map(describe)),
    ]
  }
}

private func chat(_ review: ModelReview) -> JSONValue {
  [
    "supported": review.chat.map { .bool($0 == .supported) } ?? .null, "summary": .string(review.chatSummary),
    "dropped_roles": .array(review.droppedRoles.map { .string($0) }),
  ]
}

extension FormatUse {
  fileprivate var json: JSONValue {
    ["format": .string(name), "tensors": .int(tensors), "elements": .int(elements), "bytes": .int(bytes)]
  }
}

private func describe(_ tensor: GGUFTensor) -> JSONValue {
  [
    "name": .string(tensor.name), "format": .string(tensor.type.name),
    "dimensions": .array(tensor.dimensions.map { .int($0) }), "bytes": .int(tensor.byteCount),
    "part": .int(tensor.part), "offset": .int(tensor.offset), "supported": .bool(tensor.format != nil),
  ]
}

/// Arrays longer than this are told by type, count and first elements.
private let longArray = 64

private func describe(_ value: GGUFValue) -> JSONValue {
  switch value {
  case .bool(let value): return .bool(value)
  case .float32(let value): return .number(Double(value))
  case .float64(let value): return .number(value)
  case .string(let value): return .string(String(decoding: value.bytes, as: UTF8.self))
  case .array(let array): return describe(array)
  default: return value.integer.map { .int($0) } ?? .string(value.description)
  }
}

private func describe(_ array: GGUFArray) -> JSONValue {
  let start = elements(of: array)
  if array.count <= longArray, let start { return .array(start) }
  return [
    "type": .string(array.elementType.name), "count": .int(array.count),
    "first": start.map { .array($0) } ?? .null,
  ]
}

/// The first elements; nil for arrays of arrays.
private func elements(of array: GGUFArray) -> [JSONValue]? {
  let count = min(array.count, longArray)
  if let strings = array.strings {
    return (0..<count).map { .string(String(decoding: strings.bytes(at: $0), as: UTF8.self)) }
  }
  if let values = array.integers { return values.prefix(count).map { .int($0) } }
  if let values = array.floats { return values.prefix(count).map { .number(Double($0)) } }
  if let values = array.bools { return values.prefix(count).map { .bool($0) } }
  return nil
}
