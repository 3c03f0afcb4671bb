internal import ApusGGUF
internal import ApusText

/// What `inspect` shows to a person.
struct FileListing {
  private let description: FileDescription
  private let review: ModelReview
  private var file: GGUFFile { description.file }

  init(_ file: GGUFFile) {
    description = FileDescription(file)
    review = ModelReview(file)
  }

  func write(to output: Output) throws(OutputError) {
    try output.writeLine(printable(description.name ?? file.paths[0], limit: 200))
    try write(overview, to: output)
    try output.writeLine("\nFormats")
    try write(formats, to: output)
    try output.writeLine("\nMetadata (\(file.metadata.count))")
    try write(metadata, to: output)
    try output.writeLine("\nTensors (\(file.tensors.count))")
    try write(tensors, to: output)
    try output.writeLine("\nChat template")
    let template = Terminal.harmless(description.chatTemplate ?? "none")
    for line in template.split(separator: "\n", omittingEmptySubsequences: false) {
      try output.writeLine(line.isEmpty ? "" : "  " + line)
    }
  }

  private func write(_ table: Table, to output: Output) throws(OutputError) {
    for line in table.lines() { try output.writeLine(line) }
  }

  private var overview: Table {
    var table = Table([.left])
    let parts = file.paths.count == 1 ? "" : ", \(file.paths.count) parts"
    table.add("file", printable(file.paths[0], limit: 400))
    table.add("size", "\(readable(bytes: file.byteCount)), GGUF version \(file.version)\(parts)")
    table.add("architecture", printable(description.architecture ?? "not stated", limit: 80))
    table.add("licence", printable(description.licence ?? "not stated", limit: 80))
    table.add("purpose", review.purposeSummary)
    table.add("parameters", readable(count: description.parameters))
    if let context = description.number("context_length") { table.add("context", "\(context) tokens") }
    if let layers = description.number("block_count") { table.add("layers", "\(layers)") }
    if let tokens = description.tokens { table.add("vocabulary", "\(tokens) tokens") }
    table.add("chat", printable(review.chatSummary, limit: 600))
    for warning in review.lines { table.add("warning", printable(warning, limit: 600)) }
    return table
  }

  private var formats: Table {
    var table = Table([.left, .right, .left, .right, .right])
    let total = max(1, description.tensorBytes)
    for use in description.formats {
      let share = Double(use.bytes) / Double(total)
      table.add(
        use.name, "\(use.tensors)", use.tensors == 1 ? "tensor" : "tensors", readable(bytes: use.bytes),
        oneDecimal(share * 100) + " %", String(repeating: "█", count: Int((share * 30).rounded())))
    }
    if description.formats.isEmpty { table.add("none: the file holds no tensors") }
    return table
  }

  private var metadata: Table {
    var table = Table([.left, .left])
    for key in file.metadata.keys {
      guard let value = file.metadata.value(key) else { continue }
      table.add(printable(key, limit: 80), value.typeName, value.description(limit: 100))
    }
    return table
  }

  private var tensors: Table {
    var table = Table([.left, .left, .left, .right])
    for tensor in file.tensors {
      table.add(
        printable(tensor.name, limit: 80), tensor.type.name,
        tensor.dimensions.map(String.init).joined(separator: " × "), readable(bytes: tensor.byteCount))
    }
    return table
  }
}
