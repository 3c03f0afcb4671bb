package import ApusGrammar
package import ApusJSON

/// A JSON schema as a grammar of the JSON texts that it allows.
///
/// What is kept, what is refused, and how values are laid out, says Docs/Schemas.md.
package struct JSONSchema: Sendable {
  /// The texts of values that fit.
  package let grammar: Grammar

  /// Reads a schema.
  ///
  /// A word that cannot be kept is refused with its name and place; nothing is left out.
  package init(_ schema: JSONValue, options: JSONSchemaOptions = JSONSchemaOptions()) throws(SchemaError) {
    let store = SchemaStore(schema)
    let root = try store.read(schema, at: Place(), in: 0)
    grammar = try GrammarWriter.write(Condition(root), store, options)
  }
}
