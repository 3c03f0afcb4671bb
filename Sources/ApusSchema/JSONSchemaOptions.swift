/// How the text of a value may be laid out, and how large a grammar may become.
package struct JSONSchemaOptions: Sendable, Equatable {
  /// White space between the parts of a value.
  package enum WhiteSpace: Sendable, Equatable {
    /// None.
    case none
    /// After a comma and a colon: nothing or a space.
    case spaces
    /// After an opening bracket, a comma and a colon and before a closing bracket: nothing, a space, or a new line
    /// with at most so many spaces or tabs.
    case upTo(indentation: Int)
  }

  /// In which order an object's properties come.
  package enum PropertyOrder: Sendable, Equatable {
    /// In any order, as JSON Schema has it.
    case any
    /// As the schema names them, others after them: more of a text is then known beforehand.
    case asDeclared
  }

  package var whiteSpace: WhiteSpace
  package var propertyOrder: PropertyOrder
  /// Whether a whole number may be written with zeros behind a point where no others fit, as in 22.0.
  ///
  /// JSON Schema has it so since draft 6; many programs that read integers do not take it.
  package var integersMayHavePoint: Bool
  /// The most rules that a grammar may have.
  package var ruleLimit: Int

  package init(
    whiteSpace: WhiteSpace = .none, propertyOrder: PropertyOrder = .any, integersMayHavePoint: Bool = true,
    ruleLimit: Int = 4_000
  ) {
    (self.whiteSpace, self.propertyOrder) = (whiteSpace, propertyOrder)
    (self.integersMayHavePoint, self.ruleLimit) = (integersMayHavePoint, ruleLimit)
  }
}
