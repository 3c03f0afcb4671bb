internal import Synchronization

/// A grammar that is checked, bounded and ready: what any number of matchers, on any threads, share.
///
/// What they find out on their way is kept for all of them, within `GrammarLimits.cacheBytes`.
package final class CompiledGrammar: Sendable {
  let limits: GrammarLimits
  let machine: SharedMachine

  /// Checks and reads a grammar. Throws where it is too large, or no text fits it.
  package init(_ grammar: Grammar, limits: GrammarLimits = .init()) throws(GrammarError) {
    self.limits = limits
    let reader = try GrammarReader(grammar, limits)
    let root = grammar.root.index
    guard reader.bodies.indices.contains(root), reader.bodies[root] != LanguageTable.nothing else { throw .empty }
    machine = SharedMachine(Machine(table: reader.table, bodies: reader.bodies, root: root, limits: limits))
  }
}

/// A machine that threads take turns to use.
final class SharedMachine: Sendable {
  private let machine: Mutex<Machine>

  init(_ machine: consuming sending Machine) { self.machine = Mutex(machine) }

  func use<Result: Sendable>(_ body: (inout sending Machine) -> sending Result) -> Result {
    machine.withLock(body)
  }
}
