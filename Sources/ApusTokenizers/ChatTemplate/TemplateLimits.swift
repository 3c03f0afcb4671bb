/// The bounds on templates; a template comes with a model file and is not trusted.
enum TemplateLimits {
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
  /// The steps of one rendering: statements, calls and loop rounds count one each, parts of expressions, copied
  /// elements and runs of 8 bytes count an eighth.
  static let steps = 1_000_000
  /// The largest text in bytes, the output and every intermediate one.
  static let textByteCount = 4 << 20
  /// The longest list.
  static let elementCount = 1_000_000
  /// The longest `range`, as in Jinja's sandbox.
  static let rangeCount = 100_000
}

/// What one rendering may still spend, in eighths of a step.
struct TemplateBudget {
  static let unitsPerStep = 8
  private var units = TemplateLimits.steps * TemplateBudget.unitsPerStep

  /// Spends `count` units or fails.
  @inline(__always)
  mutating func spend(_ count: Int) throws(TemplateError) {
    let (left, overflow) = units.subtractingReportingOverflow(count)
    units = left
    if overflow || left < 0 { throw exhausted() }
  }

  @inline(never)
  private mutating func exhausted() -> TemplateError {
    units = 0
    return .limit("the template needs more than \(TemplateLimits.steps) steps")
  }
}
