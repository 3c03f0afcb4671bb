/// Jinja's filters, by name.
enum TemplateFilters {
  typealias Function = TemplateOperation<TemplateValue>.Body

  /// All filters; a new one goes into the table of its family.
  static let table = TemplateOperation.table(
    text.merging(layout) { $1 }.merging(numbers) { $1 }.merging(sequences) { $1 }.merging(selection) { $1 }
      .merging(conversions) { $1 }, costs: costs)

  /// The filters that do not cost the standard.
  private static let costs: [String: TemplateCost] = [
    "default": .constant, "d": .constant, "first": .constant, "last": .constant, "abs": .constant,
    "random": .constant,
    // These turn a value into a text first, which pays for all but texts.
    "string": .constant, "pprint": .constant,
    "length": TemplateCost(.texts, rate: 4), "count": TemplateCost(.texts, rate: 4),
    "trim": TemplateCost(.texts, rate: 16), "replace": TemplateCost(.texts, rate: 24),
    "escape": TemplateCost(.texts, rate: 16), "e": TemplateCost(.texts, rate: 16),
    "forceescape": TemplateCost(.texts, rate: 16), "safe": TemplateCost(.texts, rate: 4),
    "list": TemplateCost(.items, rate: 16), "attr": TemplateCost(.texts, rate: 64),
    "sum": TemplateCost(.items, rate: 32), "min": TemplateCost(.items, rate: 64),
    "max": TemplateCost(.items, rate: 64), "sort": TemplateCost(.items, rate: 64),
    "dictsort": TemplateCost(.items, rate: 64), "unique": TemplateCost(.items, rate: 64),
    "groupby": TemplateCost(.items, rate: 64), "batch": TemplateCost(.items, rate: 64),
    "slice": TemplateCost(.items, rate: 64), "items": TemplateCost(.items, rate: 64),
    "reverse": TemplateCost(.items, rate: 64), "map": TemplateCost(.items, rate: 64),
    "select": TemplateCost(.items, rate: 64), "reject": TemplateCost(.items, rate: 64),
    "selectattr": TemplateCost(.items, rate: 64), "rejectattr": TemplateCost(.items, rate: 64),
    "format": TemplateCost(.texts, rate: 64),
    // Dear ones.
    "title": TemplateCost(.everything, rate: 128), "wordcount": TemplateCost(.everything, rate: 128),
    "urlencode": TemplateCost(.everything, rate: 192), "wordwrap": TemplateCost(.everything, rate: 128),
    // The exact decimal digits of a float.
    "round": TemplateCost(.nothing, rate: 0, base: TemplateInterpreter.exactDecimalCost),
    "filesizeformat": TemplateCost(.texts, rate: 64, base: TemplateInterpreter.exactDecimalCost),
  ]
}

extension TemplateInterpreter {
  /// The way that `attribute=` arguments name: parts between dots, whole numbers as indexes.
  func path(_ attribute: TemplateValue?) throws(TemplateError) -> [TemplateValue] {
    guard let attribute, !attribute.isNone else { return [] }
    guard case .text(let text) = attribute else { return [attribute] }
    let parts = text.split(by: Array(".".utf8), limit: .max, fromEnd: false)
    try spend(parts.count * 4)
    return parts.map { part in
      part.all(\.isPythonDigit) ? Int(part.string).map { .int($0) } ?? .text(part) : .text(part)
    }
  }

  /// Follows a path; where it ends in nothing, `initial` takes its place.
  func value(
    at path: [TemplateValue], of item: TemplateValue, initial: TemplateValue? = nil
  ) throws(TemplateError) -> TemplateValue {
    var value = item
    for part in path {
      try spend(2)
      value = try self.item(part, of: value)
      if let initial, value.isUndefined { value = initial }
    }
    return value
  }

  /// What to sort or compare an item by: its attribute, in lower case unless case matters.
  func key(
    _ path: [TemplateValue], of item: TemplateValue, isCaseSensitive: Bool, initial: TemplateValue? = nil
  ) throws(TemplateError) -> TemplateValue {
    let value = try value(at: path, of: item, initial: initial)
    guard !isCaseSensitive, case .text(let text) = value else { return value }
    try spend(4 + text.byteCount)
    return .text(text.lowercased())
  }

  /// The items that a filter works on.
  func filterItems(_ value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    try items(of: value, for: "not iterable:")
  }
}
