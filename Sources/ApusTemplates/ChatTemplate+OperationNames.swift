extension ChatTemplate {
  /// The names of everything that a template can apply, so that a check can try all of it.
  package struct OperationNames {
    package let filters: [String] = TemplateFilters.table.keys.sorted()
    package let tests: [String] = TemplateTests.table.keys.sorted()
    package let arithmetic: [String] = TemplateExpression.Arithmetic.allCases.map(\.rawValue)
    package let comparisons: [String] = TemplateExpression.Comparison.allCases.map(\.rawValue)
    package let functions: [String] = TemplateFunction.allCases.map(\.rawValue).sorted()
    /// The methods of each type; the types have the names that Python gives them.
    package let methods: [(type: String, names: [String])] = TemplateMethods.Owner.allCases.map { owner in
      (type: owner.rawValue, names: owner.table.keys.sorted())
    }

    package init() {}
  }
}
