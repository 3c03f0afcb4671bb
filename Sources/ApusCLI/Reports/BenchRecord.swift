internal import ApusBenchmark
internal import ApusCPU
internal import ApusCore
internal import ApusJSON
internal import ApusModels

/// A result with all that belongs to it.
struct BenchRecord {
  let model: ModelFile
  let result: BenchmarkResult
  let limits: MachineLimits?

  /// The format of most of the weights.
  static func format(of model: ModelFile) -> String { model.formats.first?.format ?? "none" }

  var fields: Fields { Fields(identity + figures + limitFigures) }

  private var identity: [(name: String, value: JSONValue)] {
    let (test, setup) = (result.test, result.setup)
    let isPrefill = if case .prefill = test.work { true } else { false }
    return [
      ("model", .string(String(model.path.split(separator: "/").last ?? ""))),
      ("name", model.name.map { .string($0) } ?? .null), ("format", .string(Self.format(of: model))),
      ("model_bytes", .int(model.byteCount)), ("parameters", .int(model.parameterCount)),
      ("cpu", .string(Processor.name)), ("test", .string(test.name)),
      ("prompt_tokens", .int(isPrefill ? test.tokens : 0)), ("generated_tokens", .int(isPrefill ? 0 : test.tokens)),
      ("depth", .int(test.depth)), ("sequences", .int(test.sequences)), ("threads", .int(setup.threads)),
      ("kernels", .string(setup.kernels)), ("kv", .string(setup.kvFormat.rawValue)), ("batch", .int(setup.batchRows)),
      ("pinned", .bool(setup.pinsThreads)),
    ]
  }

  private var figures: [(name: String, value: JSONValue)] {
    let rate = result.tokensPerSecond
    return [
      ("repetitions", .int(rate.values.count)), ("tokens_per_second", .number(rate.median)),
      ("tokens_per_second_min", .number(rate.minimum)), ("tokens_per_second_max", .number(rate.maximum)),
      ("relative_deviation", .number(rate.relativeDeviation)), ("samples", .array(rate.values.map { .number($0) })),
      ("load_seconds", .number(result.loadTime.inSeconds)),
      ("huge_page_bytes", result.hugePageByteCount.map { .int($0) } ?? .null),
      ("weight_bytes_per_token", .number(result.weightBytesPerToken)),
      ("kv_bytes_per_token", .number(result.kvBytesPerToken)), ("bytes_per_second", .number(result.bytesPerSecond)),
      ("operations_per_token", .number(result.operationsPerToken)),
      ("operations_per_second", .number(result.operationsPerSecond)),
    ]
  }

  /// Null where limits were not measured.
  private var limitFigures: [(name: String, value: JSONValue)] {
    let share = limits.flatMap(result.share)
    let peak = { (path: MachineLimits.Path?) -> JSONValue in
      path.map { .number($0.operationsPerSecond) } ?? .null
    }
    return [
      ("limit_share", share.map { .number($0.share) } ?? .null),
      ("limit", share.map { .string($0.bound.rawValue) } ?? .null),
      ("read_bytes_per_second", limits.map { .number($0.bytesPerSecond) } ?? .null),
      ("int8_operations_per_second", peak(limits?.peak(.int8))),
      ("float32_operations_per_second", peak(limits?.peak(.float32))),
    ]
  }
}
