package import ApusCore

/// One thing to measure, named as `llama-bench` names it.
package struct BenchmarkTest: Sendable, Equatable {
  package enum Work: Sendable, Equatable {
    /// Tokens of one prompt, with a token of each of so many other sequences in every step.
    case prefill(tokens: Int, beside: Int = 0)
    /// Tokens of each of the sequences that are decoded together.
    case decode(tokens: Int, sequences: Int)
  }

  package let work: Work
  /// Positions of each sequence before the measured ones.
  package let depth: Int

  package init(_ work: Work, depth: Int = 0) {
    self.work = work
    self.depth = depth
  }

  /// The test's name: `pp512`, `pp512+4`, `tg128@d2048`, `tg64x8`.
  package var name: String {
    let ending = depth > 0 ? "@d\(depth)" : ""
    switch work {
    case .prefill(let tokens, let beside): return "pp\(tokens)\(beside > 0 ? "+\(beside)" : "")\(ending)"
    case .decode(let tokens, let sequences): return "tg\(tokens)\(sequences > 1 ? "x\(sequences)" : "")\(ending)"
    }
  }

  package var sequences: Int {
    switch work {
    case .prefill(_, let beside): 1 + beside
    case .decode(_, let sequences): sequences
    }
  }

  /// Tokens that each sequence is measured with; those beside a prompt have no more.
  package var tokens: Int {
    switch work {
    case .prefill(let tokens, _): tokens
    case .decode(let tokens, _): tokens
    }
  }

  /// Tokens that speed is counted in: of a prompt its own, whatever is beside it.
  package var countedTokens: Int {
    switch work {
    case .prefill(let tokens, _): tokens
    case .decode(let tokens, let sequences): tokens * sequences
    }
  }

  /// Positions that each sequence has at the end.
  package var positions: Int { depth + tokens }
}

/// What a test runs with.
package struct BenchmarkSetup: Sendable, Equatable {
  package var threads: Int
  /// The kernels' level.
  package var kernels: String
  package var kvFormat: KVFormat
  /// Prompt tokens that one step processes.
  package var batchRows: Int
  /// Whether threads stay on CPUs of their own.
  package var pinsThreads: Bool

  package init(
    threads: Int, kernels: String, kvFormat: KVFormat = .f16, batchRows: Int = 256, pinsThreads: Bool = false
  ) {
    self.threads = threads
    self.kernels = kernels
    self.kvFormat = kvFormat
    self.batchRows = batchRows
    self.pinsThreads = pinsThreads
  }
}

/// The values of each dimension; measured is every combination.
package struct BenchmarkPlan: Sendable {
  /// Prompt tokens; 0 for no test.
  package var prompts = [512]
  /// Tokens to decode; 0 for no test.
  package var generations = [128]
  package var depths = [0]
  /// Sequences that are decoded together.
  package var sequences = [1]
  /// Sequences that are decoded in the steps of a prompt.
  package var beside = [0]
  package var threads: [Int]
  package var kernels: [String]
  package var kvFormats = [KVFormat.f16]
  package var batchRows = [256]
  package var pinsThreads = false

  package init(threads: [Int], kernels: [String]) {
    self.threads = threads
    self.kernels = kernels
  }

  /// What the tests run with, one after the other.
  package var setups: [BenchmarkSetup] {
    kernels.flatMap { kernels in
      threads.flatMap { threads in
        batchRows.flatMap { rows in
          kvFormats.map {
            BenchmarkSetup(
              threads: threads, kernels: kernels, kvFormat: $0, batchRows: rows, pinsThreads: pinsThreads)
          }
        }
      }
    }
  }

  /// The tests of one setup, by depth: what a shallow one has computed is the beginning of a deeper one.
  package var tests: [BenchmarkTest] {
    depths.sorted().flatMap { depth in
      prompts.filter { $0 > 0 }.flatMap { tokens in
        beside.map { BenchmarkTest(.prefill(tokens: tokens, beside: $0), depth: depth) }
      }
        + generations.filter { $0 > 0 }.flatMap { tokens in
          sequences.map { BenchmarkTest(.decode(tokens: tokens, sequences: $0), depth: depth) }
        }
    }
  }
}
