/// A schema that was read: what it says itself of values, and through other schemas.
struct SchemaNode: Hashable {
  var own = ValueSet.all
  /// All of them count.
  var applicators: [Applicator] = []

  /// What a schema says through others.
  enum Applicator: Hashable {
    case all([Condition])
    case any([Condition], Keyword)
    case exactlyOne([Condition])
    case not(Condition)
    case conditional(if: Condition, then: Condition, else: Condition)
    case reference(Reference)

    /// The word that it was written with, for messages.
    var keyword: String {
      switch self {
      case .all: "allOf"
      case .any(_, let keyword): keyword.rawValue
      case .exactlyOne: "oneOf"
      case .not: "not"
      case .conditional: "if"
      case .reference: "$ref"
      }
    }
  }

  /// What `$ref` says, and in which of a document's resources.
  struct Reference: Hashable {
    let resource: Int
    let text: String
  }
}
