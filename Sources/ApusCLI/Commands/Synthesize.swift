internal import ApusCore
internal import ApusGGUF
internal import ApusModels
private import ApusSystem
internal import ArgumentParser

/// `apus synthesize`: a model file of a published shape with random weights.
struct Synthesize: ParsableCommand {
  private static let shapes = ModelShape.all.map(\.name).joined(separator: ", ")
  private static let formats = FormatMix.allCases.map { $0.name.lowercased() }.joined(separator: ", ")

  static let configuration = CommandConfiguration(
    abstract: "Writes a model with random weights, to measure speed and memory.",
    discussion: """
      The file is as large and as fast as the real model of that shape, and says nothing sensible:

        apus synthesize --shape llama2-7b --format q4_K_M llama2-7b.gguf

      Shapes: \(shapes).

      Formats: \(formats).
      """)

  @Option(help: ArgumentHelp("The model whose shape the file has.", valueName: "name")) var shape: String
  @Option(help: ArgumentHelp("The tensor format of the weights, or a mix of several.", valueName: "name"))
  var format = "q4_0"
  @Option(help: ArgumentHelp("Layers instead of as many as the model has.", valueName: "n")) var layers: Int?
  @Option(help: ArgumentHelp("The same number gives the same weights.", valueName: "n")) var seed: UInt64 = 1
  @Flag(help: "Replace the file if it exists.") var force = false
  @Argument(help: "The file to write.", completion: .file(extensions: ["gguf"])) var file: String

  func validate() throws {
    _ = try model()
    if let layers, !(1...1024).contains(layers) {
      throw ValidationError("--layers must be 1 to 1024, not \(layers)")
    }
  }

  func run() throws {
    let model = try model()
    let tensors = try model.writer().tensors
    let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
    try Destination(path: file).check(byteCount: byteCount, mayReplace: force)
    try write(model)
    let layers = model.shape.layers == 1 ? "1 layer" : "\(model.shape.layers) layers"
    let output = Output()
    try output.writeLine(
      "\(file): \(model.shape.name), \(layers), \(model.mix.name), \(tensors.count) tensors, "
        + "\(readable(bytes: byteCount)), seed \(seed)")
    try output.flush()
  }

  private func model() throws -> SyntheticModel {
    guard var shape = ModelShape(named: shape) else {
      throw ValidationError("there is no shape '\(shape)': use one of \(Self.shapes)")
    }
    guard let mix = FormatMix(name: format) else {
      throw ValidationError("there is no format '\(format)': use one of \(Self.formats)")
    }
    if let layers { shape.layers = layers }
    return SyntheticModel(shape, mix, seed: seed)
  }

  /// Writes the file; Ctrl-C leaves nothing behind.
  private func write(_ model: SyntheticModel) throws {
    let bar = ProgressBar("writing")
    defer { bar.finish() }
    Interrupts.begin()
    defer { Interrupts.end() }
    try model.write(to: file) { written, total in
      if Interrupts.isPending { throw Failure("interrupted", code: Failure.interrupted) }
      bar.update(written, of: total)
    }
  }
}

/// Where a large file shall be written.
private struct Destination {
  let path: String

  /// Refuses what could only fail after minutes, or would destroy something.
  func check(byteCount: Int, mayReplace: Bool) throws(Failure) {
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw Failure("\(path) is not a file that can be replaced: give another name", code: Failure.usage)
      }
      guard mayReplace else {
        throw Failure("\(path) exists: give another name, or --force to replace it", code: Failure.usage)
      }
    }
    guard let free = freeByteCount, free < byteCount else { return }
    throw Failure(
      "\(path) needs \(readable(bytes: byteCount)), and its disk has \(readable(bytes: free)) free: make room, or use "
        + "another disk, fewer --layers or a smaller --format")
  }

  /// Bytes that may still be written in the file's folder; nil where that cannot be told.
  private var freeByteCount: Int? {
    let end = path.lastIndex(of: "/")
    let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var status = statvfs()
    guard unsafe statvfs(folder, &status) == 0 else { return nil }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? nil : Int(clamping: bytes)
  }
}
