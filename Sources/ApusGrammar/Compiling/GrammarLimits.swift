/// What a grammar may take.
package struct GrammarLimits: Sendable, Equatable {
  /// The deepest nesting of a rule's expression and of a language in it.
  package var depth = 256
  /// The most parts that a grammar may be written with.
  package var parts = 400_000
  /// The most ways to write the members of one list and others: all of them may come next.
  package var ways = 4_096
  /// The most demands of one list.
  package var demands = 8
  /// The most steps to see which members may come next, for each set of demands and kind of member.
  package var memberSteps = 400_000
  /// The most steps over parts one after the other that may all be left out: from each of them to all behind it, as each may
  /// come next; a row of 600 takes 180,000.
  package var optionalSteps = 200_000
  /// The most languages that are looked at to see whether one has a string.
  package var states = 50_000
  /// The same for one search while the grammar is used: what no text is found for by then is not allowed.
  package var statesOfSearch = 5_000
  package var stepsOfSearch = 100_000
  /// The most steps of less than a microsecond that compiling may take.
  package var steps = 500_000
  /// Memory for what is found out while a grammar is used, in bytes; when it is full, it starts anew.
  package var cacheBytes = 32 << 20
  /// The most ways to read a text that are followed at once, and the most places that a rule can return to.
  ///
  /// Ways past it are dropped: what is accepted stays right and can be completed, but some texts are refused.
  package var readings = 4_096

  package init() {}
}
