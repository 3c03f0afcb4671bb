internal import ApusCore

/// The rows of a batch as runs of tokens at consecutive positions of one sequence; their room is kept for the next.
struct AttentionRuns {
  struct Run {
    /// Row of the first token.
    var row: Int
    var tokens: Int
  }

  private(set) var runs: [Run] = []
  /// The position after the last one that the batch has of each sequence.
  private(set) var lengths: [Int] = []

  /// Takes the rows of `batch`, in runs of at most `maxTokens`.
  mutating func cut(_ batch: AttentionBatch, maxTokens: Int) {
    runs.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    lengths.append(contentsOf: repeatElement(0, count: batch.blockTables.count))
    for row in 0..<batch.rows {
      let sequence = Int(batch.sequences[row])
      lengths[sequence] = max(lengths[sequence], Int(batch.positions[row]) + 1)
      if let last = runs.last, last.tokens < maxTokens, batch.sequences[row] == batch.sequences[row - 1],
        batch.positions[row] == batch.positions[row - 1] + 1
      {
        runs[runs.count - 1].tokens += 1
      } else {
        runs.append(Run(row: row, tokens: 1))
      }
    }
  }
}

/// Attention of a batch in one layer, cut into a tile for every kv head and run.
///
/// The runs of one head are neighbours: a thread reads keys and values that it has just read.
@safe struct AttentionJob {
  private let runs: [AttentionRuns.Run]
  private let lengths: [Int]
  private let batch: AttentionBatch
  private let tables: [[Int32]]
  private let q: CPURows
  private let y: CPURows
  private let cache: CPUKVLayer
  private let parameters: AttentionParameters
  /// The most parts that a run looks at.
  private(set) var maxParts = 1

  init(
    runs: AttentionRuns, batch: AttentionBatch, q: CPURows, cache: CPUKVLayer,
    parameters: AttentionParameters, y: CPURows
  ) {
    self.runs = runs.runs
    lengths = runs.lengths
    self.batch = batch
    tables = batch.tables(of: cache.layout.kind)
    self.q = q
    self.y = y
    self.cache = cache
    self.parameters = parameters
    for run in self.runs {
      unsafe withOperands(of: run) { operands in unsafe maxParts = max(maxParts, operands.parts.count) }
    }
  }

  private var kvHeads: Int { cache.layout.kvHeads }
  var tiles: Int { runs.count * kvHeads }

  /// Whether workers take single parts of tiles, because there are too few tiles to keep all of them busy.
  func isCut(workers: Int) -> Bool { maxParts > 1 && tiles < 4 * workers }

  /// Calls `body` with a tile's operands and kv head.
  func withOperands(_ tile: Int, _ body: (Kernels.Attention, _ kvHead: Int) -> Void) {
    unsafe withOperands(of: runs[tile % runs.count]) { operands in unsafe body(operands, tile / runs.count) }
  }

  /// Calls `body` with the operands of the longest run: those that need the most room.
  func withLargest(_ body: (Kernels.Attention) -> Void) {
    if let run = runs.max(by: { $0.tokens < $1.tokens }) { unsafe withOperands(of: run, body) }
  }

  private func withOperands(of run: AttentionRuns.Run, _ body: (Kernels.Attention) -> Void) {
    unsafe tables[Int(batch.sequences[run.row])].withUnsafeBufferPointer { table in
      guard let blocks = table.baseAddress else { return }
      var operands = unsafe operands(of: run, blocks)
      guard let slopes = parameters.slopes else { return unsafe body(operands) }
      unsafe slopes.withUnsafeBufferPointer { slopes in
        unsafe operands.slopes = slopes.baseAddress
        unsafe body(operands)
      }
    }
  }

  private func operands(of run: AttentionRuns.Run, _ blockTable: UnsafePointer<Int32>) -> Kernels.Attention {
    let layout = cache.layout
    var operands = unsafe Kernels.Attention(
      format: cache.format, q: q.row(run.row), y: y.row(run.row), qStride: q.columns, yStride: y.columns,
      keys: cache.keys, values: cache.values,
      keyBlockByteCount: cache.keyBlockByteCount, valueBlockByteCount: cache.valueBlockByteCount,
      blockTable: blockTable, group: parameters.heads / layout.kvHeads, keyDimension: layout.keyDimension,
      valueDimension: layout.valueDimension, tokens: run.tokens, position: Int(batch.positions[run.row]),
      scale: parameters.scale)
    switch parameters.mask {
    case .causal(let window):
      if let window { unsafe operands.before = max(0, window - 1) }
    case .full(let window):
      unsafe operands.length = lengths[Int(batch.sequences[run.row])]
      unsafe operands.before = window.map { $0 / 2 } ?? .max
      unsafe operands.after = window.map { $0 / 2 } ?? operands.length
    }
    unsafe operands.softCap = parameters.softCap ?? 0
    unsafe operands.sinks = parameters.sinks?.cpu.floats
    unsafe operands.valuesAreKeys = layout.valuesAreKeys
    return unsafe operands
  }
}

/// Room in which attention works, kept between operations and grown when it must be.
@safe struct AttentionRoom: ~Copyable {
  private var memory: AlignedBuffer
  private var scratchByteCount = 0
  private var partByteCount = 0
  private var workers = 0

  init() throws(BackendError) { memory = try AlignedBuffer(byteCount: 0, for: "attention") }

  /// Makes room for every worker and, for jobs that are cut into parts, for every part.
  mutating func reserve(for job: AttentionJob, workers: Int) throws(BackendError) {
    var (scratch, part) = (0, 0)
    unsafe job.withLargest { operands in
      let room = unsafe Kernels.attentionRoom(operands)
      scratch = (room.scratchByteCount + 63) / 64 * 64
      part = (room.partFloats * MemoryLayout<Float>.size + 63) / 64 * 64
    }
    let parts = job.isCut(workers: workers) ? job.tiles * job.maxParts : 0
    let byteCount = workers * (scratch + 2 * part) + parts * part
    if byteCount > memory.byteCount { memory = try AlignedBuffer(byteCount: byteCount, for: "attention") }
    (scratchByteCount, partByteCount, self.workers) = (scratch, part, workers)
  }

  /// What one worker has for itself.
  @unsafe struct Worker {
    let scratch: UnsafeMutableRawPointer
    let part: UnsafeMutablePointer<Float>
    let merged: UnsafeMutablePointer<Float>
  }

  @unsafe func worker(_ worker: Int) -> Worker {
    let start = unsafe memory.pointer + worker * (scratchByteCount + 2 * partByteCount)
    let parts = unsafe start + scratchByteCount
    return unsafe Worker(
      scratch: start, part: parts.assumingMemoryBound(to: Float.self),
      merged: (parts + partByteCount).assumingMemoryBound(to: Float.self))
  }

  /// The result of part `index` of all tiles.
  @unsafe func part(_ index: Int) -> UnsafeMutablePointer<Float> {
    let parts = unsafe memory.pointer + workers * (scratchByteCount + 2 * partByteCount)
    return unsafe (parts + index * partByteCount).assumingMemoryBound(to: Float.self)
  }
}
