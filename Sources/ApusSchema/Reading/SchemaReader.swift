internal import ApusJSON

/// Reads one schema: what its own words say, and which schemas it refers to.
struct SchemaReader {
  let store: SchemaStore
  let object: JSONObject
  let place: Place
  let resource: Int
  private let words: [(keyword: Keyword, value: JSONValue)]
  private var node = SchemaNode()

  init(_ store: SchemaStore, _ object: JSONObject, at place: Place, in resource: Int) {
    (self.store, self.object, self.place, self.resource) = (store, object, place, resource)
    var words: [(Keyword, JSONValue)] = []
    for (key, value) in zip(object.keys, object.values) {
      if let keyword = Keyword.named[key] { words.append((keyword, value)) }
    }
    if store.document.draft.ignoresSiblingsOfReferences, words.contains(where: { $0.0 == .reference }) {
      words.removeAll { $0.0 != .reference }
    }
    self.words = words
  }

  subscript(keyword: Keyword) -> JSONValue? { words.first { $0.keyword == keyword }?.value }

  func error(_ keyword: Keyword, _ reason: String) -> SchemaError { place.at(keyword.rawValue).error(reason) }

  mutating func read() throws(SchemaError) -> SchemaNode {
    if words.isEmpty { return node }
    if let types = self[.type] { try keep(types: types) }
    node.own.numbers = try numbers(node.own.numbers)
    node.own.strings = try strings(node.own.strings)
    if !node.own.arrays.isEmpty { node.own.arrays = try arrays() }
    if !node.own.objects.isEmpty { node.own.objects = try objects() }
    if let values = self[.enum] { try keep(values, as: .enum) }
    if let value = self[.const] { try keep(.array([value]), as: .const) }
    try readApplicators()
    return node
  }

  /// A schema below this one.
  func child(_ value: JSONValue, _ place: Place) throws(SchemaError) -> Condition {
    Condition(try store.read(value, at: place, in: resource))
  }

  func child(_ keyword: Keyword) throws(SchemaError) -> Condition? {
    guard let value = self[keyword] else { return nil }
    return try child(value, place.at(keyword.rawValue))
  }

  /// A whole number that is not negative; 2.0 is one too.
  func count(_ keyword: Keyword) throws(SchemaError) -> Int? {
    guard let value = self[keyword] else { return nil }
    switch value {
    case .int(let count) where count >= 0: return count
    case .unsigned: return .max
    case .double(let count) where count >= 0 && count.rounded() == count: return Int(exactly: count) ?? .max
    default: throw error(keyword, "must be a whole number that is not negative")
    }
  }

  /// The same for words of objects and arrays that name strings.
  func names(_ value: JSONValue, _ place: Place) throws(SchemaError) -> [[UInt8]] {
    guard case .array(let elements) = value else { throw place.error("must be a list of strings") }
    var names: [[UInt8]] = []
    for element in elements {
      guard case .string(let name) = element else { throw place.error("must be a list of strings") }
      names.append(Array(name.utf8))
    }
    return names
  }

  /// The members of an object of schemas.
  func members(_ keyword: Keyword) throws(SchemaError) -> JSONObject? {
    guard let value = self[keyword] else { return nil }
    guard case .object(let object) = value else { throw error(keyword, "must be an object of schemas") }
    return object
  }

  /// What `compute` gives, or the refusal of a keyword.
  func kept<Result>(
    _ keyword: Keyword, _ compute: @autoclosure () throws(NotComputable) -> Result
  ) throws(SchemaError) -> Result {
    do { return try compute() } catch { throw self.error(keyword, error.reason) }
  }

  // MARK: Types and constants

  private mutating func keep(types: JSONValue) throws(SchemaError) {
    let named: [JSONValue] = if case .array(let list) = types { list } else { [types] }
    var set = ValueSet.none
    for name in named {
      switch name {
      case "null": set.null = true
      case "boolean": set.booleans = .all
      case "integer": set.numbers = set.numbers.union(.integers)
      case "number": set.numbers = .all
      case "string": set.strings = .all
      case "array": set.arrays = [ArrayShape()]
      case "object": set.objects = [ObjectShape()]
      default: throw error(.type, "must be array, boolean, integer, null, number, object or string, or a list of them")
      }
    }
    node.own = set
  }

  private mutating func keep(_ values: JSONValue, as keyword: Keyword) throws(SchemaError) {
    guard case .array(let values) = values else { throw error(keyword, "must be a list of values") }
    var texts: [[UInt8]] = []
    var numbers: [DecimalNumber] = []
    var constants = 0
    var set = ValueSet.none
    for value in values {
      if case .string(let text) = value {
        texts.append(Array(text.utf8))
      } else if let number = DecimalNumber(value) {
        numbers.append(number)
      } else {
        constants += 1
        guard constants <= ValueSet.alternativeLimit else {
          throw error(keyword, "has more than \(ValueSet.alternativeLimit) arrays and objects: write a schema for them")
        }
        let constant = try store.constant(value, at: place.at(keyword.rawValue))
        set = try kept(keyword, try set.union(constant))
      }
    }
    set.numbers = NumberSet(numbers)
    set.strings = StringSet(texts)
    node.own = try kept(keyword, try node.own.intersection(set, store.texts))
  }

  // MARK: Schemas that hold of the same value

  private mutating func readApplicators() throws(SchemaError) {
    if let value = self[.reference] {
      guard case .string(let text) = value else { throw error(.reference, "must be a string") }
      node.applicators.append(.reference(SchemaNode.Reference(resource: resource, text: text)))
    }
    if self[.dynamicReference] != nil { throw error(.dynamicReference, "is not kept: use $ref") }
    if self[.recursiveReference] != nil { throw error(.recursiveReference, "is not kept: use $ref") }
    try readList(.allOf) { .all($0) }
    try readList(.anyOf) { .any($0, .anyOf) }
    try readList(.oneOf) { .exactlyOne($0) }
    if let negated = try child(.not) { node.applicators.append(.not(negated)) }
    if let condition = try child(.condition) {
      let then = try child(.consequence) ?? .always
      let otherwise = try child(.alternative) ?? .always
      if then != .always || otherwise != .always {
        node.applicators.append(.conditional(if: condition, then: then, else: otherwise))
      }
    }
    for word in [Keyword.dependentRequired, .dependentSchemas, .dependencies] { try readDependencies(word) }
  }

  private mutating func readList(
    _ keyword: Keyword, _ applicator: ([Condition]) -> SchemaNode.Applicator
  ) throws(SchemaError) {
    guard let value = self[keyword] else { return }
    guard case .array(let elements) = value else { throw error(keyword, "must be a list of schemas") }
    var conditions: [Condition] = []
    let place = place.at(keyword.rawValue)
    for (index, element) in elements.enumerated() { conditions.append(try child(element, place.at(index))) }
    node.applicators.append(applicator(conditions))
  }

  /// Where a property is there, something holds: either it is not there, or that holds.
  private mutating func readDependencies(_ keyword: Keyword) throws(SchemaError) {
    guard let members = try members(keyword) else { return }
    for (key, value) in zip(members.keys, members.values) {
      let place = place.at(keyword.rawValue).at(key)
      var needed = ValueSet.all
      let holds: Condition
      switch value {
      case .array where keyword != .dependentSchemas:
        needed.objects = [
          ObjectShape(
            demands: try names(value, place).map { [.init(keys: StringSet([$0]), condition: .always)] })
        ]
        holds = try store.intern(needed, at: place)
      case .string(let name) where keyword == .dependencies:
        needed.objects = [.having(Array(name.utf8))]
        holds = try store.intern(needed, at: place)
      default: holds = try child(value, place)
      }
      var without = ValueSet.all
      without.objects = [
        ObjectShape(rules: [.init(keys: StringSet([Array(key.utf8)]), condition: .never)])
      ]
      node.applicators.append(.any([try store.intern(without, at: place), holds], keyword))
    }
  }
}
