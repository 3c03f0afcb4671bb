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
  /// What was handed out.
  private(set) var weights: [Weight] = []
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

  func contains(_ name: String) -> Bool { file.tensor(named: name) != nil }

  /// A projection `[rows, columns]`, in any format.
  func matrix(_ name: String, rows: Int, columns: Int) throws(ModelError) -> Weight {
    try weight(source(name, [columns, rows]))
  }

  /// A matrix with a row for each token, in any format.
  func vocabulary(_ name: String, rows: Int, columns: Int) throws(ModelError) -> Weight {
    var source = try source(name, [columns, rows])
    source.role = .vocabulary(spare: spareTokens)
    return try weight(source)
  }

  /// A norm's gain of `count` values, in a dense format.
  func gain(_ name: String, count: Int) throws(ModelError) -> Weight { try weight(denseSource(name, count: count)) }

  /// A bias of `count` values, in a dense format; nil where the file has no such tensor.
  func optionalBias(_ name: String, count: Int) throws(ModelError) -> Weight? {
    guard contains(name) else { return nil }
    var source = try denseSource(name, count: count)
    source.role = .bias
    return try weight(source)
  }

  /// The values of a dense tensor, all finite and above 0; nil where the file has no such tensor.
  func optionalPositiveValues(_ name: String, count: Int) throws(ModelError) -> [Float]? {
    guard contains(name) else { return nil }
    let source = try denseSource(name, count: count)
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    source.format.decode(
      source.file.bytes.extracting(source.byteOffset..<source.byteOffset + source.byteCount), into: &span)
    guard values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .file(error(source, expected: "finite values above 0", found: "others"))
    }
    report(source)
    return values
  }

  /// Refuses a file with tensors that no one took: its model is not the one that its metadata describe.
  func finish() throws(ModelError) {
    guard let tensor = file.tensors.first(where: { !taken.contains($0.name) }) else { return }
    throw .file(
      GGUFError(
        .unsupported, path: file.paths[tensor.part], offset: tensor.offset, .tensor(tensor.name),
        expected: "only tensors that the architecture and its layers have", found: "another one"))
  }
}

extension WeightMap {
  private func weight(_ source: WeightSource) throws(ModelError) -> Weight {
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

  private func denseSource(_ name: String, count: Int) throws(ModelError) -> WeightSource {
    let source = try source(name, [count])
    guard source.format.isDense else {
      throw .file(error(source, expected: "F32, F16 or BF16", found: source.format.name))
    }
    return source
  }

  /// Where the tensor `name` lies, if it has these dimensions, the contiguous one first.
  private func source(_ name: String, _ dimensions: [Int]) throws(ModelError) -> WeightSource {
    do throws(GGUFError) {
      let source = try file.weightSource(named: name)
      let found = file.tensor(named: name)?.dimensions ?? []
      guard trimmed(found) == trimmed(dimensions) else {
        throw error(source, expected: "shape \(dimensions)", found: "\(found)")
      }
      taken.insert(name)
      return source
    } catch {
      throw .file(error)
    }
  }

  private func error(_ source: WeightSource, expected: String, found: String) -> GGUFError {
    GGUFError(
      .malformed, path: source.file.path, offset: source.byteOffset, .tensor(source.name), expected: expected,
      found: found)
  }
}

/// Dimensions without ones at the end, which say nothing.
private func trimmed(_ dimensions: [Int]) -> ArraySlice<Int> {
  dimensions[...((dimensions.lastIndex { $0 != 1 }) ?? 0)]
}
