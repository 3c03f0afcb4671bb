internal import ApusCore
internal import ApusGGUF

/// A LoRA adapter (arXiv:2106.09685) as llama.cpp's converter writes it: for each matrix that it changes a pair of
/// tensors, `NAME.lora_a` `[rank, columns]` and `NAME.lora_b` `[rows, rank]`.
package struct AdapterFile: Sendable {
  private let file: GGUFFile
  private let architecture: String
  private let alpha: Float
  /// The largest number of rows that any `lora_a` has.
  private let rank: Int

  /// The highest rank that is read: buffers grow with it.
  private static let maximumRank = 4096
  private static let suffixes = (a: ".lora_a", b: ".lora_b")
  /// Keys about adapters that are read here, or that change no result.
  private static let knownKeys: Set = [
    "adapter.type", "adapter.lora.alpha", "adapter.lora.task_name", "adapter.lora.prompt_prefix",
  ]

  /// Opens the file at `path` and checks what can be checked without its model; reads it into memory, unless `isRead`
  /// is false, so that nothing that becomes of the file changes a result.
  package init(path: String, isRead: Bool = true) throws(ModelError) {
    do throws(GGUFError) {
      file = try GGUFFile.open(path: path, mode: isRead ? .read : .mapped)
      let metadata = file.metadata
      // Said first of all: a model is often given by mistake.
      try Self.expect("adapter", for: "general.type", metadata)
      try Self.expect("lora", for: "adapter.type", metadata)
      architecture = try metadata.requireString("general.architecture")
      alpha = try Self.alpha(metadata)
      // Adapters that begin to count somewhere in a prompt, for example.
      let unknown = metadata.keys.first { $0.hasPrefix("adapter.") && !Self.knownKeys.contains($0) }
      if let unknown {
        throw metadata.error(unknown, .unsupported, expected: "only keys that Apus knows", found: "another one")
      }
      rank = try Self.rank(file)
    } catch {
      throw .file(error)
    }
  }

  var files: [MappedFile] { file.files }
  /// Bytes of the file.
  package var byteCount: Int { file.byteCount }

  /// The highest rank of several adapters; 0 for none.
  static func rank(of files: [AdapterFile]) -> Int { files.map(\.rank).max() ?? 0 }
}

extension AdapterFile {
  private static func expect(_ value: String, for key: String, _ metadata: GGUFMetadata) throws(GGUFError) {
    let found = try metadata.requireString(key)
    if found != value { throw metadata.error(key, .unsupported, expected: "'\(value)'", found: "'\(found)'") }
  }

  private static func alpha(_ metadata: GGUFMetadata) throws(GGUFError) -> Float {
    let key = "adapter.lora.alpha"
    guard let alpha = try metadata.float(key) else {
      throw metadata.error(key, .missing, expected: "this key", found: "that the file lacks it")
    }
    guard alpha.isFinite, alpha > 0 else {
      throw metadata.error(key, .malformed, expected: "a number above 0", found: "\(alpha)")
    }
    return alpha
  }

  /// The highest rank; throws where a tensor is of no pair, or has no shape for one.
  private static func rank(_ file: GGUFFile) throws(GGUFError) -> Int {
    var highest = 0
    for tensor in file.tensors {
      guard let (target, isA) = target(of: tensor) else {
        throw error(tensor, file, .unsupported, expected: "tensors named .lora_a or .lora_b only", found: "another one")
      }
      let other = target + (isA ? suffixes.b : suffixes.a)
      if file.tensor(named: other) == nil {
        throw GGUFError(
          .missing, path: file.paths[0], .tensor(other), expected: "one for each '\(tensor.name)'", found: "none")
      }
      guard isA else { continue }
      guard tensor.dimensions.count <= 2, tensor.rows <= maximumRank else {
        throw error(
          tensor, file, .unsupported, expected: "a matrix of at most \(maximumRank) rows",
          found: "shape \(tensor.dimensions)")
      }
      highest = max(highest, tensor.rows)
    }
    return highest
  }

  /// The name of the tensor that this one belongs to, and whether it is the first matrix.
  private static func target(of tensor: GGUFTensor) -> (name: String, isA: Bool)? {
    for (suffix, isA) in [(suffixes.a, true), (suffixes.b, false)] where tensor.name.hasSuffix(suffix) {
      return (String(tensor.name.dropLast(suffix.count)), isA)
    }
    return nil
  }

  private static func error(
    _ tensor: GGUFTensor, _ file: GGUFFile, _ kind: GGUFError.Kind, expected: String, found: String
  ) -> GGUFError {
    GGUFError(
      kind, path: file.paths[tensor.part], offset: tensor.offset, .tensor(tensor.name), expected: expected, found: found
    )
  }
}

// What a model takes of it.
extension AdapterFile {
  /// The pair of each of the model's projections; nil for those that it does not change.
  ///
  /// Throws where the adapter is of another model, or changes what is no projection.
  func pairs(
    for projections: [TensorPlan], of model: GGUFFile, _ configuration: ModelConfiguration, _ backend: any Backend
  ) throws(ModelError) -> [Adapters.Pair?] {
    do throws(GGUFError) {
      try check(projections, model, configuration)
    } catch {
      throw .file(error)
    }
    var pairs: [Adapters.Pair?] = []
    for plan in projections {
      let (a, b) = (plan.name + Self.suffixes.a, plan.name + Self.suffixes.b)
      guard file.tensor(named: a) != nil else {
        pairs.append(nil)
        continue
      }
      // Parts of one matrix have one beginning; taking it again costs a few words.
      let first = try weight(a, dimensions: { [plan.columns, $0] }, nil, backend)
      let part = plan.rows == plan.fileRows ? nil : plan.firstRow..<plan.firstRow + plan.rows
      let second = try weight(b, dimensions: { _ in [first.rows, plan.fileRows] }, part, backend)
      pairs.append(Adapters.Pair(a: first, b: second, factor: alpha / Float(first.rows)))
    }
    return pairs
  }

  /// Throws where the model has another architecture, or some tensor belongs to none of its projections.
  private func check(
    _ projections: [TensorPlan], _ model: GGUFFile, _ configuration: ModelConfiguration
  ) throws(GGUFError) {
    guard architecture == configuration.architecture else {
      throw file.metadata.error(
        "general.architecture", .unsupported, expected: "'\(configuration.architecture)', the model's",
        found: "'\(architecture)'")
    }
    // An output that is the embedding would be another matrix than the embedding then.
    let names = Set(projections.map(\.name)).subtracting([configuration.plan.embedding.table.name])
    for tensor in file.tensors {
      guard let target = Self.target(of: tensor), !names.contains(target.name) else { continue }
      let isKnown = model.tensor(named: target.name) != nil
      throw Self.error(
        tensor, file, .unsupported, expected: isKnown ? "adapters of projections only" : "adapters of this model only",
        found: isKnown ? "one of another tensor" : "one of a tensor that the model does not have")
    }
  }

  /// A matrix, or some rows of it; its expected dimensions follow from its rows.
  private func weight(
    _ name: String, dimensions: (Int) -> [Int], _ rows: Range<Int>?, _ backend: any Backend
  ) throws(ModelError) -> Weight {
    var source: WeightSource
    do throws(GGUFError) {
      source = try self.source(name, dimensions)
    } catch {
      throw .file(error)
    }
    if let rows { source = source.slice(rows: rows) }
    do throws(BackendError) {
      return try backend.makeWeight(source)
    } catch {
      throw .backend(error)
    }
  }

  /// Where a matrix lies, if it has the shape, a format and values that can be used.
  ///
  /// All values are looked at: what a backend finds later fails all rows of a step, and not only those of the adapter.
  private func source(_ name: String, _ dimensions: (Int) -> [Int]) throws(GGUFError) -> WeightSource {
    var source = try file.weightSource(named: name)
    let found = file.tensor(named: name)?.dimensions ?? []
    let expected = dimensions(source.rows)
    func error(_ kind: GGUFError.Kind, expected: String, found: String) -> GGUFError {
      GGUFError(
        kind, path: source.file.path, offset: source.byteOffset, .tensor(name), expected: expected, found: found)
    }
    guard trimmed(found) == trimmed(expected) else {
      throw error(.malformed, expected: "shape \(expected)", found: "\(found)")
    }
    guard source.format.isDense || source.format == .q8_0 else {
      throw error(.unsupported, expected: "F32, F16, BF16 or Q8_0", found: source.format.name)
    }
    guard source.hasFiniteValues else { throw error(.malformed, expected: "finite values", found: "others") }
    // One that was never trained is all zeros.
    source.role = .bias
    return source
  }
}

extension WeightSource {
  fileprivate var hasFiniteValues: Bool {
    var values = [Float](repeating: 0, count: columns)
    return (0..<rows).allSatisfy { row in
      let start = byteOffset + row * rowByteCount
      var span = values.mutableSpan
      format.decode(file.bytes.extracting(start..<start + rowByteCount), into: &span)
      return isFinite(span.span)
    }
  }
}
