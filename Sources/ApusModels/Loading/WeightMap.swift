internal import ApusCore
internal import ApusGGUF

/// The tensors of a model file by name, handed out as weights with exactly the shape that the architecture expects.
final class WeightMap {
  let backend: any Backend
  private let file: GGUFFile
  private let verifiesValues: Bool
  private let progress: LoadProgress?
  private let byteCount: Int
  private var loadedByteCount = 0
  private var taken: Set<String> = []
  /// Weights by what they take: an output that is the embedding is taken once.
  private var made: [TensorPlan.Key: Weight] = [:]
  /// What was handed out.
  private(set) var weights: [Weight] = []
  /// The matrices of all projections, by their numbers.
  private(set) var projections: [TensorPlan] = []
  private let spareTokens: Set<Int>?

  /// With `verifiesValues` every weight is searched for NaN, infinity and lost bytes when it is taken.
  init(_ file: GGUFFile, _ backend: any Backend, verifiesValues: Bool, progress: LoadProgress?) throws(ModelError) {
    self.file = file
    self.backend = backend
    self.verifiesValues = verifiesValues
    self.progress = progress
    byteCount = file.tensors.reduce(0) { $0 + $1.byteCount }
    do throws(GGUFError) {
      spareTokens = try file.metadata.spareTokens()
    } catch {
      throw .file(error)
    }
  }

  /// The tensor of a plan as a weight.
  func weight(_ plan: TensorPlan) throws(ModelError) -> Weight {
    if let weight = made[plan.key] { return weight }
    let weight = try makeWeight(source(plan))
    made[plan.key] = weight
    return weight
  }

  /// The tensor of a plan as a weight, if there is one.
  func weight(_ plan: TensorPlan?) throws(ModelError) -> Weight? {
    guard let plan else { return nil }
    return try weight(plan) as Weight
  }

  /// Numbers one more projection.
  func number(of plan: TensorPlan) -> Int {
    projections.append(plan)
    return projections.count - 1
  }

  /// The values of a dense tensor, all finite and, with `positive`, above 0.
  func values(_ plan: TensorPlan, positive: Bool = false) throws(ModelError) -> [Float] {
    let source = try source(plan)
    var values = [Float](repeating: 0, count: plan.rows * plan.columns)
    var span = values.mutableSpan
    source.format.decode(
      source.file.bytes.extracting(source.byteOffset..<source.byteOffset + source.byteCount), into: &span)
    guard values.allSatisfy({ $0.isFinite && (!positive || $0 > 0) }) else {
      throw .file(error(source, expected: positive ? "finite values above 0" : "finite values", found: "others"))
    }
    if plan.kind == .gain, values.allSatisfy({ $0 == 0 }) {
      let range = source.byteOffset..<source.byteOffset + source.byteCount
      throw .backend(.lostBytes(name: source.name, range: range, path: source.file.path))
    }
    report(source)
    return values
  }

  /// Refuses a file with tensors that no one took: its model is not the one that its metadata describe.
  ///
  /// Names that begin with one of `unused` may be there.
  func finish(unused: [String]) throws(ModelError) {
    let tensor = file.tensors.first { tensor in
      // Scales that activations were rounded with in training (NVFP4) change no weight.
      !taken.contains(tensor.name) && !tensor.name.hasSuffix(".input_scale")
        && !unused.contains { tensor.name.hasPrefix($0) }
    }
    guard let tensor else { return }
    throw .file(
      GGUFError(
        .unsupported, path: file.paths[tensor.part], offset: tensor.offset, .tensor(tensor.name),
        expected: "only tensors that the architecture and its layers have", found: "another one"))
  }
}

extension WeightMap {
  private func makeWeight(_ source: WeightSource) throws(ModelError) -> Weight {
    do throws(BackendError) {
      let weight = try backend.makeWeight(source)
      if verifiesValues { try backend.verify(weight, .checking) }
      weights.append(weight)
      report(source)
      return weight
    } catch {
      throw .backend(error)
    }
  }

  private func report(_ source: WeightSource) {
    loadedByteCount += source.byteCount
    progress?(loadedByteCount, byteCount)
  }

  /// Where the tensor of a plan lies, if it has the dimensions and a format that the plan expects.
  private func source(_ plan: TensorPlan) throws(ModelError) -> WeightSource {
    do throws(GGUFError) {
      let whole = try file.weightSource(named: plan.name)
      let found = file.tensor(named: plan.name)?.dimensions ?? []
      guard trimmed(found) == trimmed(plan.dimensions) else {
        throw error(whole, expected: "shape \(plan.dimensions)", found: "\(found)")
      }
      let isDense = plan.kind == .gain || plan.kind == .bias
      guard !isDense || whole.format.isDense else {
        throw error(whole, expected: "F32, F16 or BF16", found: whole.format.name)
      }
      taken.insert(plan.name)
      return part(plan, of: whole)
    } catch {
      throw .file(error)
    }
  }

  /// The part of a tensor that a plan takes.
  private func part(_ plan: TensorPlan, of whole: WeightSource) -> WeightSource {
    let isVector = plan.count == 1 && plan.rows == 1 && plan.fileRows == 1
    var source = WeightSource(
      name: whole.name, file: whole.file,
      byteOffset: whole.byteOffset + (isVector ? plan.firstRow * whole.format.blockByteCount : 0),
      format: whole.format, count: plan.count, rows: plan.fileRows, columns: plan.columns)
    if plan.rows != plan.fileRows { source = source.slice(rows: plan.firstRow..<plan.firstRow + plan.rows) }
    switch plan.kind {
    case .matrix, .gain: break
    case .vocabulary: source.role = .vocabulary(spare: spareTokens)
    case .bias: source.role = .bias
    }
    return source
  }

  private func error(_ source: WeightSource, expected: String, found: String) -> GGUFError {
    GGUFError(
      .malformed, path: source.file.path, offset: source.byteOffset, .tensor(source.name), expected: expected,
      found: found)
  }
}

extension TensorPlan {
  /// What it takes of which tensor.
  struct Key: Hashable {
    let name: String
    let firstRow: Int
    let rows: Int
  }

  var key: Key { Key(name: name, firstRow: firstRow, rows: rows) }
}

/// Dimensions without ones at the end, which say nothing.
func trimmed(_ dimensions: [Int]) -> ArraySlice<Int> {
  dimensions[...((dimensions.lastIndex { $0 != 1 }) ?? 0)]
}
