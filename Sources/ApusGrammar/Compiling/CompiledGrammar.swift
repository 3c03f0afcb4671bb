internal import Synchronization

/// A grammar that is checked, bounded and ready: what any number of matchers, on any threads, share.
///
/// What they find out on their way is kept for all of them, within `GrammarLimits.cacheBytes`.
package final class CompiledGrammar: Sendable {
  private let current: Mutex<SharedMachine>

  /// Checks and reads a grammar.
  ///
  /// Throws where it is too large, or no text fits it.
  package init(_ grammar: Grammar, limits: GrammarLimits = .init()) throws(GrammarError) {
    var reader = GrammarReader(try GrammarSurvey(grammar, limits), limits)
    try reader.read(grammar)
    let root = grammar.root.index
    guard reader.bodies.indices.contains(root), reader.bodies[root] != LanguageTable.nothing else { throw .empty }
    let bodies = reader.bodies
    current = Mutex(SharedMachine(Machine(table: reader.table, bodies: bodies, root: root, limits: limits)))
  }

  /// Memory that it takes at present, in bytes.
  package var byteCount: Int { machine.use { $0.byteCount } }

  var machine: SharedMachine { current.withLock { $0 } }

  /// The machine to go on with where `full` is full: the first matcher that comes makes it.
  func machine(after full: SharedMachine) -> SharedMachine {
    current.withLock { current in
      if current === full || current.use({ $0.isFull }) { current = SharedMachine(restarting: full) }
      return current
    }
  }
}

/// A machine that threads take turns to use.
final class SharedMachine: Sendable {
  private let machine: Mutex<Machine>

  init(_ machine: consuming sending Machine) { self.machine = Mutex(machine) }

  init(restarting full: SharedMachine) { machine = Mutex(full.machine.withLock { $0.restarted() }) }

  func use<Result: Sendable>(_ body: (inout sending Machine) -> sending Result) -> Result {
    machine.withLock(body)
  }
}
