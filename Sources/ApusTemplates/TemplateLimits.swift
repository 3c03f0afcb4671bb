/// The bounds on templates; a template comes with a model file and is not trusted.
package enum TemplateLimits {
  /// The largest template source in bytes.
  static let sourceByteCount = 1 << 20
  /// The deepest nesting of expressions and statements in the source.
  static let syntaxDepth = 128
  /// The deepest nesting of evaluations: statements, expressions and calls count one each, macros one more.
  ///
  /// A level takes about 1 kB of stack, so that threads with 512 kB are safe.
  static let evaluationDepth = 256
  /// The deepest nesting of lists, dictionaries and iterators as values.
  static let valueDepth = 128
  /// The steps of one rendering, besides those for its variables: statements, calls and loop rounds count one each,
  /// parts of expressions an eighth, and operations what `TemplateCost` says of the values they touch.
  static let steps = 1_000_000

  /// The steps of a rendering whose variables hold so many bytes: a long conversation is walked more than once.
  ///
  /// At most a quarter more, in round numbers.
  static func steps(contextByteCount: Int) -> Int {
    steps + min(contextByteCount / 8, steps / 4) / 10_000 * 10_000
  }
  /// The largest text in bytes, the output and every intermediate one.
  package static let textByteCount = 4 << 20
  /// The longest list.
  static let elementCount = 1_000_000
  /// The longest `range`, as in Jinja's sandbox.
  static let rangeCount = 100_000
}

/// What one rendering may still spend, in eighths of a step.
///
/// A unit stands for less than 90 ns of work on a slow machine, so that the whole budget ends within about a second.
struct TemplateBudget {
  static let unitsPerStep = 8
  /// The units between two questions whether to stop: a millisecond or less.
  private static let portionCount = 1 << 14

  private let steps: Int
  /// What is left besides the present portion.
  private var units: Int
  /// What is left of the present portion; below 0 where more is owed.
  private var portion = 0
  private let shouldStop: (@Sendable () -> Bool)?

  init(steps: Int, shouldStop: (@Sendable () -> Bool)?) {
    self.steps = steps
    self.shouldStop = shouldStop
    units = steps * Self.unitsPerStep
  }

  /// Spends `count` units or fails.
  @inline(__always)
  mutating func spend(_ count: Int) throws(TemplateError) {
    portion -= min(count, TemplateBudget.most)
    if portion < 0 { try takePortion() }
  }

  /// More than every budget; a larger sum is as good as this one.
  private static let most = 1 << 50

  @inline(never)
  private mutating func takePortion() throws(TemplateError) {
    units += portion
    portion = 0
    guard units >= 0 else {
      units = 0
      throw .limit("the template needs more than \(steps) steps")
    }
    if let shouldStop, shouldStop() { throw TemplateError(.stopped, "the rendering was stopped") }
    portion = min(units, Self.portionCount)
    units -= portion
  }
}
