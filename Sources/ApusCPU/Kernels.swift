package import ApusCore
internal import CApusKernels

/// One level of kernels: the only file where Swift calls C.
///
/// Levels are named after what they need: `reference` runs anywhere, `avx2`, `avx512vnni` and `neon` where the CPU
/// has those instructions. The methods trust the pointers they get: sizes were checked in front of the
/// backend (`Backend+Checked.swift`).
// Sendable: the table is immutable after `init`.
@safe package final class Kernels: @unchecked Sendable {
  private let table: UnsafeMutablePointer<apus_kernels>

  /// All levels that this build knows, in rising order.
  package static var levelNames: [String] {
    (0..<apus_level_count()).map { unsafe String(cString: apus_level_name($0)) }
  }

  /// The levels that this machine can run, in rising order; `reference` is always there.
  package static var supportedLevelNames: [String] {
    levelNames.enumerated().filter { apus_level_supported($0.offset) != 0 }.map(\.element)
  }

  /// The instruction sets found on this machine that some level asks for.
  package static var cpuDescription: String {
    let capacity = 256
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { text in
      unsafe apus_cpu_description(text.baseAddress!, capacity)
      return unsafe String(cString: text.baseAddress!)
    }
  }

  /// The best level that this machine can run.
  package static func best() -> Kernels {
    Kernels(index: levelNames.indices.last { apus_level_supported($0) != 0 } ?? 0)
  }

  /// The level `name`, or nil if there is none or this machine cannot run it.
  package convenience init?(level name: String) {
    guard let index = Self.levelNames.firstIndex(of: name), apus_level_supported(index) != 0 else { return nil }
    self.init(index: index)
  }

  private init(index: Int) {
    unsafe table = .allocate(capacity: 1)
    unsafe apus_kernels_load(table, index)
  }

  deinit { unsafe table.deallocate() }

  /// The level's name.
  package var name: String { unsafe String(cString: table.pointee.name) }

  /// Computes `rows` of a matmul.
  package func matmul(_ operands: Matmul, rows: Range<Int>) {
    let quantized = unsafe operands.quantized
    let x = unsafe apus_activations(
      values: operands.values, codes: quantized?.codes, scales: quantized?.scales, sums16: quantized?.sums16,
      sums32: quantized?.sums32,
      offsets: quantized?.offsets)
    var arguments = unsafe apus_matmul_args(
      weights: operands.weights, row_bytes: operands.rowByteCount, k: operands.k, n: operands.n, x: x, y: operands.y,
      y_stride: operands.yStride, core: table.pointee.core)
    unsafe apus_matmul(table, operands.format.kernelFormat, &arguments, rows.lowerBound, rows.upperBound)
  }

  /// Decodes `count` weights of a row to floats.
  package func decode(
    _ format: TensorFormat, _ source: UnsafeRawPointer, count: Int, into values: UnsafeMutablePointer<Float>
  ) {
    unsafe apus_decode(table, format.kernelFormat, source, values, count)
  }

  /// Rounds `rows` rows of `count` activations to int8, into their places in a chunk of `chunkRows` rows.
  package func quantize(
    _ x: UnsafePointer<Float>, rows: Int, count: Int, into place: QuantizedRows, chunkRows: Int
  ) {
    unsafe table.pointee.quantize(
      x, count, rows, chunkRows, place.codes, place.scales, place.sums16, place.sums32, place.offsets)
  }

  /// Rows in a chunk of int8 activations, see `apus_activations` in the C header.
  package static func chunkTokens(columns: Int) -> Int { apus_chunk_tokens(columns) }

  /// Writes one head's key at position `offset` of a KV block.
  package func storeKey(
    _ x: UnsafePointer<Float>, dimension: Int, as format: KVFormat, offset: Int, in block: UnsafeMutableRawPointer
  ) {
    unsafe apus_store_key(table, format.kernelFormat, x, dimension, offset, block)
  }

  /// Writes one head's value at position `offset` of a KV block.
  package func storeValue(
    _ x: UnsafePointer<Float>, dimension: Int, as format: KVFormat, offset: Int, in block: UnsafeMutableRawPointer
  ) {
    unsafe apus_store_value(table, format.kernelFormat, x, dimension, offset, block)
  }

  /// Positions in a part of attention.
  package static var attentionPartPositions: Int { Int(APUS_ATTENTION_PART_POSITIONS) }

  /// Bytes of scratch that one call of `attention` works in, and floats of its result.
  package static func attentionRoom(_ operands: Attention) -> (scratchByteCount: Int, partFloats: Int) {
    var arguments = unsafe operands.arguments(scratch: nil)
    return unsafe (apus_attention_scratch_bytes(&arguments), apus_attention_part_floats(&arguments))
  }

  /// Computes one part of the positions for the query heads that share `kvHead`.
  package func attention(
    _ operands: Attention, kvHead: Int, part: Int, scratch: UnsafeMutableRawPointer,
    into result: UnsafeMutablePointer<Float>
  ) {
    var arguments = unsafe operands.arguments(scratch: scratch)
    unsafe apus_attention(table, operands.format.kernelFormat, &arguments, kvHead, part, result)
  }

  /// Adds the next part of a kv head to those merged so far.
  package func mergeAttention(
    _ operands: Attention, part: UnsafePointer<Float>, into merged: UnsafeMutablePointer<Float>
  ) {
    var arguments = unsafe operands.arguments(scratch: nil)
    unsafe table.pointee.attention_merge(&arguments, part, merged)
  }

  /// Writes the merged parts of a kv head to y.
  package func finishAttention(_ operands: Attention, kvHead: Int, merged: UnsafePointer<Float>) {
    var arguments = unsafe operands.arguments(scratch: nil)
    unsafe table.pointee.attention_finish(&arguments, kvHead, merged)
  }

  /// RMSNorm or LayerNorm of one group of a row; y may be x.
  package func norm(
    _ x: UnsafePointer<Float>, _ kind: NormParameters.Kind, gain: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
    epsilon: Float, count: Int, into y: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .rms: unsafe table.pointee.rms_norm(x, gain, bias, epsilon, count, y)
    case .layer: unsafe table.pointee.layer_norm(x, gain, bias, epsilon, count, y)
    }
  }

  /// Turns the pairs of one head: table has `pairs` cosines, then `pairs` sines.
  package func rope(
    _ x: UnsafeMutablePointer<Float>, table angles: UnsafePointer<Float>, pairs: Int, _ pairing: RopeParameters.Pairing
  ) {
    switch pairing {
    case .adjacent: unsafe table.pointee.rope_adjacent(x, angles, pairs)
    case .split: unsafe table.pointee.rope_split(x, angles, pairs)
    }
  }

  /// `up = activation(gate) · up` over `count` values.
  package func gate(
    _ activation: Activation, gate: UnsafePointer<Float>, up: UnsafeMutablePointer<Float>, count: Int
  ) {
    unsafe apus_gate(table, activation.kernelActivation, gate, up, count)
  }

  /// `x = activation(x)` over `count` values; not for `clampedSwish`, which takes two.
  package func activate(_ activation: Activation, _ x: UnsafeMutablePointer<Float>, count: Int) {
    precondition(activation != .clampedSwish, "clampedSwish is a function of two values")
    unsafe apus_activate(table, activation.kernelActivation, x, count)
  }

  /// `x += factor · y` over `count` values.
  package func add(_ y: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>, factor: Float = 1, count: Int) {
    if factor == 1 {
      unsafe table.pointee.add(y, x, count)
    } else {
      unsafe table.pointee.add_scaled(y, factor, x, count)
    }
  }

  /// `x *= factor` over `count` values.
  package func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
    unsafe table.pointee.scale(x, factor, count)
  }

  /// `x = limit · tanh(x / limit)` over `count` values.
  package func cap(_ x: UnsafeMutablePointer<Float>, at limit: Float, count: Int) {
    unsafe table.pointee.cap(x, limit, count)
  }

  /// Softmax of one row in place.
  package func softmax(_ values: UnsafeMutablePointer<Float>, count: Int) {
    unsafe table.pointee.softmax(values, count)
  }

  /// Index of the first quant block of a row that holds a NaN or infinity, or nil.
  package static func firstNonFinite(_ format: TensorFormat, _ row: UnsafeRawPointer, blocks: Int) -> Int? {
    let index = unsafe apus_first_nonfinite(format.kernelFormat, row, blocks)
    return index < blocks ? index : nil
  }

  /// Tells the core that this is a spin loop.
  package static func spinPause() { apus_spin_pause() }

  /// Asks for memory, to be in the second-level cache soon; no address is wrong.
  static func fetch(_ start: UnsafeRawPointer?, byteCount: Int) { unsafe apus_fetch(start, byteCount) }

  /// Keeps the calling thread on the CPU at `index` of those that it may use, counted around; false where the system
  /// does not do it.
  @discardableResult
  package static func pinThread(_ index: Int) -> Bool { apus_pin_thread(index) != 0 }

  /// Remembers where the calling thread may run, for `keepOff`; the result names it while it lives, 0 where nothing can
  /// be asked about threads.
  static func enterThread() -> UInt { apus_enter_thread() }

  /// The CPU that the calling thread runs on; -1 where that is unknown.
  static var thisCPU: Int32 { apus_this_cpu() }

  /// Nanoseconds for which `thread` has run; -1 where that is unknown.
  static func runTime(of thread: UInt) -> Int64 { apus_thread_run_time(thread) }

  /// Moves `thread` to `cpu`, to stay there; false where the system does not do it.
  static func move(_ thread: UInt, to cpu: Int32) -> Bool { apus_move_thread(thread, cpu) != 0 }

  /// Lets the calling thread run wherever it might when it entered, but for `cpu` if that leaves any; -1 for no CPU.
  @discardableResult
  static func keepOff(_ cpu: Int32) -> Bool { apus_keep_off(cpu) != 0 }
}

extension TensorFormat {
  fileprivate var kernelFormat: apus_format {
    switch self {
    case .f32: APUS_F32
    case .f16: APUS_F16
    case .bf16: APUS_BF16
    case .q4_0: APUS_q4_0
    case .q4_1: APUS_q4_1
    case .q5_0: APUS_q5_0
    case .q5_1: APUS_q5_1
    case .q8_0: APUS_q8_0
    case .q2_K: APUS_q2_K
    case .q3_K: APUS_q3_K
    case .q4_K: APUS_q4_K
    case .q5_K: APUS_q5_K
    case .q6_K: APUS_q6_K
    case .iq4_nl: APUS_iq4_nl
    case .iq4_xs: APUS_iq4_xs
    case .iq1_s: APUS_iq1_s
    case .iq1_m: APUS_iq1_m
    case .iq2_xxs: APUS_iq2_xxs
    case .iq2_xs: APUS_iq2_xs
    case .iq2_s: APUS_iq2_s
    case .iq3_xxs: APUS_iq3_xxs
    case .iq3_s: APUS_iq3_s
    case .mxfp4: APUS_mxfp4
    case .nvfp4: APUS_nvfp4
    case .tq1_0: APUS_tq1_0
    case .tq2_0: APUS_tq2_0
    case .q1_0: APUS_q1_0
    case .q2_0: APUS_q2_0
    }
  }
}

extension KVFormat {
  fileprivate var kernelFormat: apus_kv_format {
    switch self {
    case .f16: APUS_KV_F16
    case .q8_0: APUS_KV_Q8_0
    case .f32: APUS_KV_F32
    }
  }
}

extension Activation {
  fileprivate var kernelActivation: apus_activation {
    switch self {
    case .silu: APUS_silu
    case .gelu: APUS_gelu
    case .geluErf: APUS_gelu_erf
    case .squaredRelu: APUS_squared_relu
    case .sigmoid: APUS_sigmoid
    case .tanh: APUS_tangent
    case .clampedSwish: APUS_clamped_swish
    }
  }
}

extension Kernels.Attention {
  fileprivate func arguments(scratch: UnsafeMutableRawPointer?) -> apus_attention_args {
    unsafe apus_attention_args(
      q: q, y: y, q_stride: qStride, y_stride: yStride, keys: keys, values: values,
      key_block_bytes: keyBlockByteCount, value_block_bytes: valueBlockByteCount, block_table: blockTable,
      group: group, key_dimension: keyDimension, value_dimension: valueDimension, tokens: tokens, position: position,
      before: before, after: after, length: length, scale: scale, soft_cap: softCap, slopes: slopes, sinks: sinks,
      values_are_keys: valuesAreKeys ? 1 : 0, scratch: scratch)
  }
}
