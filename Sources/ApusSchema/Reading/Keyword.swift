/// The words of a schema that say which values fit, in all drafts from 4 on.
enum Keyword: String, CaseIterable {
  case reference = "$ref"
  case dynamicReference = "$dynamicRef"
  case recursiveReference = "$recursiveRef"
  case type, `enum`, const
  case minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
  case minLength, maxLength, pattern, format
  case items, prefixItems, additionalItems, minItems, maxItems, uniqueItems
  case contains, minContains, maxContains, unevaluatedItems
  case properties, patternProperties, additionalProperties, propertyNames, required
  case minProperties, maxProperties, dependentRequired, dependentSchemas, dependencies, unevaluatedProperties
  case allOf, anyOf, oneOf, not
  case condition = "if"
  case consequence = "then"
  case alternative = "else"

  /// By name: looked up for every key of every schema.
  static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
}
