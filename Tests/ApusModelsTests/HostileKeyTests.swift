internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// A small model of each architecture, with one key after the other set to what no model has.
///
/// The result is an error that names a key or a tensor, or a model that computes: never a trap, and in bounded time.
@Suite struct `Keys that lie` {
  private struct Value: Sendable {
    let title: String
    /// Whether a model that takes the value is loaded and run.
    var isRun = false
    let set: @Sendable (inout GGUFWriter, String) -> Void

    static func scalar<T: GGUFScalar>(_ value: T, isRun: Bool = false) -> Value {
      Value(title: "\(value) as \(T.self)", isRun: isRun) { $0.set($1, value) }
    }

    static func array<T: GGUFScalar>(_ value: T, _ count: Int) -> Value {
      Value(title: "\(count) times \(value) as \(T.self)") { $0.set($1, array: [T](repeating: value, count: count)) }
    }

    /// For a model of so many layers.
    static func all(layers: Int) -> [Value] {
      [
        .scalar(UInt32(0)), .scalar(UInt32(1), isRun: true), .scalar(UInt32(3)), .scalar(UInt32.max, isRun: true),
        .scalar(UInt64.max), .scalar(Int32(-1)), .scalar(Int64.min), .scalar(true),
        .scalar(Float(0)), .scalar(Float(-1)), .scalar(Float(0.5)), .scalar(Float(1e38), isRun: true),
        .scalar(Float.leastNonzeroMagnitude, isRun: true), .scalar(Float.nan), .scalar(Float.infinity),
        .scalar(Double.greatestFiniteMagnitude),
        Value(title: "yarn") { $0.set($1, "yarn") }, Value(title: "longrope") { $0.set($1, "longrope") },
        Value(title: "strings") { $0.set($1, strings: ["a"]) },
        .array(UInt32(0), 0), .array(UInt32(0), layers), .array(UInt32(1), layers), .array(UInt32.max, layers),
        .array(UInt32(2), layers + 1), .array(Float.nan, layers), .array(Float(1), layers), .array(true, layers),
        .array(Int32(-1), 1000),
      ]
    }
  }

  /// Keys that files of these models need not have, and that some reader asks for.
  private static let optional = [
    "attention.key_length", "attention.value_length", "attention.sliding_window", "attention.sliding_window_pattern",
    "attention.shared_kv_layers", "attention.scale", "attention.temperature_scale", "attention.clamp_kqv",
    "rope.dimension_count", "rope.dimension_sections", "rope.freq_base", "rope.freq_base_swa", "rope.scaling.type",
    "rope.scaling.factor", "rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor",
    "rope.scaling.original_context_length", "rope.dimension_count_swa", "expert_count",
    "expert_used_count", "expert_group_count", "expert_gating_func", "expert_feed_forward_length",
    "expert_shared_count", "leading_dense_block_count", "nextn_predict_layers", "logit_scale", "embedding_scale",
    "residual_scale", "final_logit_softcapping", "attn_logit_softcapping", "activation_sparsity_scale",
    "altup.num_inputs", "embedding_length_per_layer_input", "vocab_size", "pooling_type",
  ]

  /// The first model of each folder of architectures that are computed.
  private static let models = TestData.folders(in: "architectures").compactMap { folder -> String? in
    TestData.files(in: "architectures/" + folder, suffix: ".gguf").map(\.path).first { path in
      (try? ModelConfiguration(GGUFFile.open(path: path))) != nil
    }
  }

  @Test(arguments: models)
  func `are refused, or computed with`(path: String) throws {
    let folder = try TemporaryFolder()
    let file = try GGUFFile.open(path: path)
    let prefix = try ModelConfiguration(file).architecture + "."
    let layers = try #require(try file.metadata.int(prefix + "block_count"))
    let own = file.metadata.keys.filter { $0.hasPrefix(prefix) }
    var keys = GGUFWriter()
    keys.copy(file.metadata)
    let whole = try Model(keys, file)
    for key in own + Self.optional.map({ prefix + $0 }).filter({ !own.contains($0) }) {
      for value in Value.all(layers: layers) {
        var writer = keys
        value.set(&writer, key)
        let path = try folder.replace(writer.bytes { _, _ in })
        let metadata = try GGUFFile.open(path: path).metadata
        do throws(GGUFError) {
          _ = try ModelConfiguration(metadata, tensorsOf: file)
        } catch {
          #expect(error.expected.utf8.count <= 127, "an error that is cut: \(error.expected)")
          if case .key = error.subject { continue }
          if case .tensor = error.subject { continue }
          Issue.record("\(key) = \(value.title): \(error)")
          continue
        }
        if value.isRun { try whole.run(in: folder) { value.set(&$0, key) } }
      }
    }
  }

  /// A model that is written again and again, with other keys.
  private struct Model {
    private var writer: GGUFWriter
    private let data: [[UInt8]]

    init(_ keys: GGUFWriter, _ file: GGUFFile) throws {
      writer = keys
      for tensor in file.tensors { try writer.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type) }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file.paths[0]))
      data = try file.tensors.map { tensor in
        let source = try file.weightSource(named: tensor.name)
        return Array(bytes[source.byteOffset..<source.byteOffset + source.byteCount])
      }
    }

    /// Loads the model with the keys as they are then, and computes with it; an error is as good.
    func run(in folder: TemporaryFolder, change: (inout GGUFWriter) -> Void) throws {
      var writer = writer
      change(&writer)
      let bytes = try writer.bytes { index, emit in
        let tensor = data[index]
        try emit(tensor.span)
      }
      let path = try folder.replace(bytes)
      do {
        let runner = try ModelRunner(path: path, makeBackend(), positions: 64, maxBatchRows: 4)
        _ = try runner.lastLogits([1, 5, 9])
      } catch is ModelError {
      } catch is BackendError {
      }
    }
  }
}

extension TemporaryFolder {
  /// A file instead of the one before, which somebody may still read.
  fileprivate func replace(_ bytes: [UInt8]) throws -> String {
    try? FileManager.default.removeItem(atPath: path("model.gguf"))
    return try write(bytes, to: "model.gguf")
  }
}
