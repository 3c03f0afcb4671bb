/// Jinja's filters, by name.
enum TemplateFilters {
  typealias Function =
    @Sendable (TemplateInterpreter, TemplateValue, TemplateArguments) throws(TemplateError) -> TemplateValue

  /// All filters; a new one goes into the table of its family.
  static let table: [String: Function] =
    text.merging(layout) { $1 }.merging(numbers) { $1 }.merging(sequences) { $1 }.merging(selection) { $1 }
    .merging(conversions) { $1 }
}

extension TemplateInterpreter {
  /// The way that `attribute=` arguments name: parts between dots, whole numbers as indexes.
  func path(_ attribute: TemplateValue?) -> [TemplateValue] {
    guard let attribute, !attribute.isNone else { return [] }
    guard case .text(let text) = attribute else { return [attribute] }
    return text.split(by: Array(".".utf8), limit: .max, fromEnd: false).map { part in
      part.all(\.isPythonDigit) ? Int(part.string).map { .int($0) } ?? .text(part) : .text(part)
    }
  }

  /// Follows a path; where it ends in nothing, `initial` takes its place.
  func value(
    at path: [TemplateValue], of item: TemplateValue, initial: TemplateValue? = nil
  ) throws(TemplateError) -> TemplateValue {
    var value = item
    for part in path {
      try spend(1)
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
    try spend(text.byteCount / 8)
    return .text(text.lowercased())
  }

  /// The items that a filter works on.
  func filterItems(_ value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    let items = try items(of: value, for: "not iterable:")
    try spend(items.count / 4)
    return items
  }
}

extension ChatTemplate {
  /// The names of all filters, for tests that walk them.
  package static var filterNames: [String] { TemplateFilters.table.keys.sorted() }
  /// The names of all methods of strings, for tests that walk them.
  package static var textMethodNames: [String] { TemplateTextMethods.table.keys.sorted() }
}
