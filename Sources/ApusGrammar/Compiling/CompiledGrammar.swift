internal import Synchronization

/// A grammar that is checked, bounded and ready: what any number of matchers, on any threads, share.
///
/// What they find out on their way is kept for all of them, within `GrammarLimits.cacheBytes`.
package final class CompiledGrammar: Sendable {
  private let current: Mutex<SharedMachine>
  /// Held by whoever makes another machine.
  private let restart = Mutex(())

  /// Checks and reads a grammar.
  ///
  /// `shouldStop` is asked every few milliseconds. Throws where it says so, and where the grammar is too large or no text
  /// fits it.
  package init(
    _ grammar: Grammar, limits: GrammarLimits = .init(), shouldStop: () -> Bool = { false }
  ) throws(GrammarError) {
    let survey = try GrammarSurvey(grammar, limits)
    let root = grammar.root.index
    let machine = try withoutActuallyEscaping(shouldStop) { (shouldStop) throws(GrammarError) in
      var reader = GrammarReader(survey, limits, shouldStop)
      try reader.read(grammar)
      guard reader.bodies.indices.contains(root), reader.bodies[root] != LanguageTable.nothing else { throw .empty }
      return SharedMachine(Machine(table: reader.table, bodies: reader.bodies, root: root, limits: limits))
    }
    current = Mutex(machine)
  }

  /// Of each rule of a grammar whether it has no text.
  ///
  /// Throws where the grammar is too large.
  package static func emptyRules(of grammar: Grammar, limits: GrammarLimits = .init()) throws(GrammarError) -> [Bool] {
    var reader = GrammarReader(try GrammarSurvey(grammar, limits), limits) { false }
    try reader.read(grammar)
    return reader.bodies.map { $0 == LanguageTable.nothing }
  }

  /// Memory that it takes at present, in bytes; known at once, also while a mask is being made.
  package var byteCount: Int { machine.byteCount }

  var machine: SharedMachine { current.withLock { $0 } }

  /// The machine to go on with where `full` is full: the first matcher that comes makes it.
  func machine(after full: SharedMachine) -> SharedMachine {
    restart.withLock { _ in
      let machine = machine
      guard machine === full || machine.use({ $0.isFull }) else { return machine }
      let fresh = SharedMachine(restarting: full)
      current.withLock { $0 = fresh }
      return fresh
    }
  }
}

/// A machine that threads take turns to use.
final class SharedMachine: Sendable {
  /// The beginning of a text.
  let start: ConfigurationID
  private let machine: Mutex<Machine>
  private let bytes: Atomic<Int>

  init(_ machine: consuming sending Machine) {
    start = machine.start
    bytes = Atomic(machine.byteCount)
    self.machine = Mutex(machine)
  }

  convenience init(restarting full: SharedMachine) { self.init(full.machine.withLock { $0.restarted() }) }

  /// Memory that it took when it was used last, in bytes.
  var byteCount: Int { bytes.load(ordering: .relaxed) }

  func use<Result: Sendable>(_ body: (inout sending Machine) -> sending Result) -> Result {
    machine.withLock { machine in
      let result = body(&machine)
      bytes.store(machine.byteCount, ordering: .relaxed)
      return result
    }
  }
}
