/// What an operation costs, by the size of the values it is given; paid before it starts.
///
/// An operation that is not named in its table costs `standard`: a walk over everything that its values hold, code
/// point by code point. So a new one is bounded from its first day, and only what is known to be cheaper is named.
struct TemplateCost: Sendable {
  /// Which part of its values an operation touches.
  enum Extent {
    /// Nothing, or a part whose size does not depend on theirs.
    case nothing
    /// The bytes of values that are texts.
    case texts
    /// These, and the items of containers, without looking into them.
    case items
    /// Everything, however deep.
    case everything
  }

  let extent: Extent
  /// Units of the budget for 64 bytes; an item counts 8 bytes.
  let rate: Int
  /// Units for a call, whatever its values are.
  let base: Int

  init(_ extent: Extent, rate: Int, base: Int = TemplateBudget.unitsPerStep) {
    (self.extent, self.rate, self.base) = (extent, rate, base)
  }

  static let standard = TemplateCost(.everything, rate: 64)
  static let constant = TemplateCost(.nothing, rate: 0)

  /// The units for a value and the arguments that come with it.
  func units(_ value: TemplateValue, _ arguments: TemplateArguments) -> Int {
    if extent == .nothing { return base }
    var size = size(value)
    for argument in arguments.positional { size = saturated(size + self.size(argument)) }
    for (name, argument) in arguments.named { size = saturated(size + name.byteCount + self.size(argument)) }
    return base + size * rate / 64
  }

  /// The units for the operands of an operator.
  func units(_ a: TemplateValue, _ b: TemplateValue) -> Int {
    extent == .nothing ? base : base + (size(a) + size(b)) * rate / 64
  }

  private func size(_ value: TemplateValue) -> Int {
    switch extent {
    case .nothing: 0
    case .texts: value.textByteCount
    case .items: value.ownWeight
    case .everything: value.weight
    }
  }
}

/// A filter, a test or a method with its price; to call it is to pay for it.
struct TemplateOperation<Result>: Sendable {
  typealias Body =
    @Sendable (TemplateInterpreter, TemplateValue, TemplateArguments) throws(TemplateError) -> Result

  private let body: Body
  private let cost: TemplateCost

  /// A table of operations from their bodies, with the price of those that do not cost the standard.
  static func table(_ bodies: [String: Body], costs: [String: TemplateCost]) -> [String: TemplateOperation] {
    var table: [String: TemplateOperation] = [:]
    for (name, body) in bodies { table[name] = TemplateOperation(body: body, cost: costs[name] ?? .standard) }
    return table
  }

  func callAsFunction(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> Result {
    try interpreter.spend(cost.units(value, arguments))
    return try body(interpreter, value, arguments)
  }
}

/// How deep and how large what a container holds is, kept beside its items so that asking costs nothing.
struct TemplateExtent {
  /// The deepest nesting, 0 where no item holds others.
  private(set) var nesting = 0
  /// The bytes of all texts, and 8 for every value; what is held twice counts twice.
  private(set) var weight = 0

  mutating func add(_ items: [TemplateValue]) {
    for item in items {
      nesting = max(nesting, item.nesting)
      weight = saturated(weight + item.weight)
    }
  }

  /// The nesting of the container; refused beyond the limit, as releasing and walking values recurses.
  func containerNesting() throws(TemplateError) -> Int {
    guard nesting < TemplateLimits.valueDepth else {
      throw .limit("values are nested deeper than \(TemplateLimits.valueDepth)")
    }
    return nesting + 1
  }
}

/// A weight far beyond every budget stands for all larger ones, so that a sum of many cannot overflow.
private func saturated(_ weight: Int) -> Int { min(weight, 1 << 40) }

extension TemplateValue {
  /// The weight of a value that holds nothing.
  private static let least = 8

  /// The bytes of all texts in the value, and 8 for every value; O(1).
  var weight: Int {
    switch self {
    case .text(let text): Self.least + text.byteCount
    case .list(let sequence), .tuple(let sequence): Self.least + sequence.weight
    case .dictionary(let dictionary): Self.least + dictionary.weight
    case .view(let view): Self.least + view.dictionary.weight
    case .iterator(let iterator): Self.least + iterator.weight
    case .method(let method): method.receiver.weight
    case .cycler(let cycler): Self.least + cycler.items.weight
    case .joiner(let joiner): Self.least + joiner.separator.byteCount
    case .range(let range): Self.least * (1 + range.count)
    default: Self.least
    }
  }

  /// The bytes of a text, or 8 for every item of a container; O(1).
  var ownWeight: Int {
    switch self {
    case .text(let text): text.byteCount
    case .list(let sequence), .tuple(let sequence): Self.least * sequence.items.count
    case .dictionary(let dictionary): 2 * Self.least * dictionary.count
    case .view(let view): 2 * Self.least * view.dictionary.count
    case .iterator(let iterator): Self.least * iterator.count
    case .range(let range): Self.least * range.count
    default: 0
    }
  }

  /// The bytes of a text, 0 for all other values; O(1).
  var textByteCount: Int { if case .text(let text) = self { text.byteCount } else { 0 } }
}
