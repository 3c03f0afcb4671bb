package import ApusGrammar
package import ApusJSON

/// A JSON schema as a grammar of the JSON texts that it allows.
///
/// What is kept, what is refused, and how values are laid out, says Docs/Schemas.md.
package struct JSONSchema: Sendable {
  /// The texts of values that fit.
  package let grammar: Grammar
  /// Where the rules of the grammar come from.
  let places: [Place]

  /// The longest text of a schema, in bytes.
  package static let textLimit = 256 << 10
  /// The most steps that one schema may take, each of about a tenth of a microsecond.
  package static let workLimit = 250_000

  /// Reads a schema that is given as JSON; else the same.
  package init(
    text: String, options: JSONSchemaOptions = JSONSchemaOptions(), shouldStop: () -> Bool = { false }
  ) throws(SchemaError) {
    guard text.utf8.count <= Self.textLimit else {
      throw SchemaError(place: "#", reason: "longer than \(Self.textLimit >> 10) KiB: write less of it")
    }
    let schema: JSONValue
    do throws(JSONError) { schema = try JSONParser.parse(text) } catch {
      throw SchemaError(place: "#", reason: "not JSON: \(error.description)")
    }
    try self.init(schema, options: options, shouldStop: shouldStop)
  }

  /// Reads a schema.
  ///
  /// A word that cannot be kept is refused with its name and place; nothing is left out. `shouldStop` is asked every few
  /// milliseconds; where it says so, `SchemaError.stopped` is thrown.
  package init(
    _ schema: JSONValue, options: JSONSchemaOptions = JSONSchemaOptions(), shouldStop: () -> Bool = { false }
  ) throws(SchemaError) {
    (grammar, places) = try withoutActuallyEscaping(shouldStop) { (shouldStop) throws(SchemaError) in
      let store = SchemaStore(schema, shouldStop)
      let root = try store.read(schema, at: Place(), in: 0)
      return try GrammarWriter.write(Condition(root), store, options)
    }
  }

  /// Reads a schema of a call's arguments, and writes them in `form`.
  ///
  /// Of values that fit only objects count. Whole numbers have at most 200 digits, other parts of numbers so many too,
  /// and exponents two. `work` is how many steps it may take, and then how many of them are left, also where it throws: so
  /// several schemas share a bound.
  package init(
    arguments schema: JSONValue, _ form: ArgumentForm, options: JSONSchemaOptions = JSONSchemaOptions(),
    work: inout Int
  ) throws(SchemaError) {
    let store = SchemaStore(schema, workLimit: min(work, Self.workLimit)) { false }
    defer { work = max(0, work - store.work - store.texts.work) }
    let root = try store.read(schema, at: Place(), in: 0)
    (grammar, places) = try GrammarWriter.write(arguments: Condition(root), form, store, options)
    // To write an expression and read it takes about a microsecond.
    work -= 8 * grammar.expressionCount
  }
}
