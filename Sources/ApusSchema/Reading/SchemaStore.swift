internal import ApusJSON

/// The schemas of one document that were read so far, each once: equal ones are one.
final class SchemaStore {
  let document: SchemaDocument
  let texts: TextLanguages
  private(set) var nodes: [SchemaNode] = [SchemaNode()]
  private var places = [Place()]
  private var ids: [SchemaNode: SchemaID] = [SchemaNode(): .anything]
  private var targets: [SchemaNode.Reference: SchemaID] = [:]
  private var depth = 0
  /// What literals and conditions stand for, once it was asked for.
  var literalSets: [Literal: ValueSet] = [:]
  var conditionSets: [Condition: ValueSet] = [:]
  var pending: Set<Literal> = []
  var emptiness: [Condition: Emptiness] = [:]
  var expansionDepth = 0
  /// What was computed so far, in steps of about a tenth of a microsecond.
  private(set) var work = 0

  static let depthLimit = 64
  static let schemaLimit = 50_000

  private let workLimit: Int
  private let shouldStop: () -> Bool
  private var nextQuestion = 0

  init(_ schema: JSONValue, workLimit: Int = JSONSchema.workLimit, _ shouldStop: @escaping () -> Bool) {
    document = SchemaDocument(schema)
    texts = TextLanguages(workLimit: workLimit)
    self.workLimit = workLimit
    self.shouldStop = shouldStop
  }

  /// Counts steps; throws when there are too many, or when nobody needs them.
  func spend(_ steps: Int, at place: Place) throws(SchemaError) {
    work += steps
    if work >= nextQuestion {
      nextQuestion = work + 2_000
      if shouldStop() { throw .stopped }
    }
    if work > workLimit { throw place.error("takes too many steps to compute: write fewer alternatives") }
  }

  /// Counts steps; says whether there are still some.
  func canSpend(_ steps: Int) -> Bool {
    work += steps
    return work <= workLimit
  }

  func node(_ schema: SchemaID) -> SchemaNode { nodes[schema.index] }
  func place(of schema: SchemaID) -> Place { places[schema.index] }

  /// A schema's number; `place` is where it was first seen.
  func intern(_ node: SchemaNode, at place: Place) throws(SchemaError) -> SchemaID {
    if let known = ids[node] { return known }
    guard nodes.count < Self.schemaLimit else { throw place.error("more than \(Self.schemaLimit) different schemas") }
    let id = SchemaID(index: nodes.count)
    nodes.append(node)
    places.append(place)
    ids[node] = id
    return id
  }

  func intern(_ set: ValueSet, at place: Place) throws(SchemaError) -> Condition {
    Condition(try intern(SchemaNode(own: set), at: place))
  }

  /// What holds where `condition` does not.
  func negation(of condition: Condition) throws(SchemaError) -> Condition {
    switch condition.literals.count {
    case 0: return .never
    case 1: return Condition([condition.literals[0].negated])
    default:
      let place = place(of: condition.literals[0].schema)
      let all = try intern(SchemaNode(applicators: [.all([condition])]), at: place)
      return Condition([Literal(schema: all, holds: false)])
    }
  }

  /// The schema that a reference leads to.
  func target(of reference: SchemaNode.Reference, at place: Place) throws(SchemaError) -> Condition {
    if let known = targets[reference] { return Condition(known) }
    let found: (value: JSONValue, place: Place, resource: Int)
    do { found = try document.resolve(reference) } catch { throw place.at("$ref").error(error.reason) }
    let schema = try read(found.value, at: found.place, in: found.resource)
    targets[reference] = schema
    return Condition(schema)
  }

  /// Reads a schema and those in it.
  func read(_ value: JSONValue, at place: Place, in resource: Int) throws(SchemaError) -> SchemaID {
    switch value {
    case .bool(true): return .anything
    case .bool(false): return try intern(SchemaNode(own: .none), at: place)
    case .object(let object):
      guard depth < Self.depthLimit else { throw place.error("nested deeper than \(Self.depthLimit) schemas") }
      try spend(5, at: place)
      depth += 1
      defer { depth -= 1 }
      var reader = SchemaReader(
        self, object, at: place, in: document.resource(of: value, within: resource))
      return try intern(try reader.read(), at: place)
    default: throw place.error("a schema is an object, true or false")
    }
  }

  /// Whether a condition holds of no value; known only as far as it was looked for.
  struct Emptiness {
    let isEmpty: Bool
    let depth: Int
  }
}
