internal import ApusCore

/// The rows of a batch as runs of tokens at consecutive positions of one sequence.
struct AttentionRuns {
  struct Run {
    /// Row of the first token.
    var row: Int
    var tokens: Int
  }

  private(set) var runs: [Run] = []

  init(_ batch: AttentionBatch, maxTokens: Int) {
    for row in 0..<batch.rows {
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

/// Attention of a batch in one layer, cut into a tile for every run and kv head.
@safe struct AttentionJob {
  typealias Operands = (AttentionRuns.Run, UnsafePointer<Int32>) -> Kernels.Attention

  private let runs: [AttentionRuns.Run]
  private let batch: AttentionBatch
  private let kvHeads: Int
  private let operands: Operands
  /// The most parts that a run looks at.
  private(set) var maxParts = 1

  init(runs: AttentionRuns, batch: AttentionBatch, kvHeads: Int, operands: @escaping Operands) {
    self.runs = runs.runs
    self.batch = batch
    self.kvHeads = kvHeads
    unsafe self.operands = operands
    for run in self.runs {
      unsafe with(run) { operands in unsafe maxParts = max(maxParts, operands.parts.count) }
    }
  }

  var tiles: Int { runs.count * kvHeads }

  /// Calls `body` with a tile's operands and kv head.
  func withOperands(_ tile: Int, _ body: (Kernels.Attention, _ kvHead: Int) -> Void) {
    unsafe with(runs[tile / kvHeads]) { operands in unsafe body(operands, tile % kvHeads) }
  }

  /// Calls `body` with the operands of the longest run: those that need the most room.
  func withLargest(_ body: (Kernels.Attention) -> Void) {
    if let run = runs.max(by: { $0.tokens < $1.tokens }) { unsafe with(run, body) }
  }

  private func with(_ run: AttentionRuns.Run, _ body: (Kernels.Attention) -> Void) {
    unsafe batch.blockTables[Int(batch.sequences[run.row])].withUnsafeBufferPointer { table in
      if let blocks = table.baseAddress { unsafe body(operands(run, blocks)) }
    }
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
    let isCut = job.tiles < 4 * workers
    let byteCount = workers * (scratch + 2 * part) + (isCut ? job.tiles * job.maxParts * part : 0)
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
