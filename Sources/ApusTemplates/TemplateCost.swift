/// What an operation costs, by the size of the values it is given; paid before it starts.
///
/// An operation that is not named in its table costs `standard`: a walk over everything that its values hold, code
/// point by code point. So a new one is bounded from its first day, and only what is known to be cheaper is named.
struct TemplateCost: Sendable {
  /// Which part of its values an operation touches.
  enum Reach {
    /// Nothing, or a part whose size does not depend on theirs.
    case nothing
    /// The bytes of values that are texts.
    case texts
    /// These, and the items of containers, without looking into them.
    case items
    /// Everything, however deep.
    case everything
  }

  let reach: Reach
  /// Units of the budget for 64 bytes; an item counts 8 bytes.
  let rate: Int
  /// Units for a call, whatever its values are.
  let base: Int

  init(_ reach: Reach, rate: Int, base: Int = TemplateBudget.unitsPerStep) {
    (self.reach, self.rate, self.base) = (reach, rate, base)
  }

  static let standard = TemplateCost(.everything, rate: 64)
  static let constant = TemplateCost(.nothing, rate: 0)

  /// The units for a value and the arguments that come with it.
  func units(_ value: TemplateValue, _ arguments: TemplateArguments) -> Int {
    if reach == .nothing { return base }
    var size = size(value)
    for argument in arguments.positional { size = saturated(size + self.size(argument)) }
    for (name, argument) in arguments.named { size = saturated(size + name.byteCount + self.size(argument)) }
    return base + size * rate / 64
  }

  /// The units for the operands of an operator.
  func units(_ a: TemplateValue, _ b: TemplateValue) -> Int {
    reach == .nothing ? base : base + (size(a) + size(b)) * rate / 64
  }

  private func size(_ value: TemplateValue) -> Int {
    switch reach {
    case .nothing: 0
    case .texts: value.textByteCount
    case .items: value.ownWeight
    case .everything: value.weight
    }
  }
}
