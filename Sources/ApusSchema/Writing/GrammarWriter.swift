internal import ApusGrammar

/// Writes the grammar of a schema: a rule for each condition that a value has to fit, made when it is first needed.
final class GrammarWriter {
  let store: SchemaStore
  let layout: Layout
  let keepsOrder: Bool
  private let integersMayHavePoint: Bool
  let form: ArgumentForm
  private let isArguments: Bool
  private var grammar = Grammar()
  private let limit: Int
  private var ruleOfCondition: [Condition: Grammar.RuleID] = [:]
  private var shared: [SharedRule: Grammar.RuleID] = [:]
  private var waiting: [(rule: Grammar.RuleID, condition: Condition)] = []
  /// Where the rule that is being written comes from, for messages.
  private(set) var place = Place()
  /// The places of all rules.
  private var places: [Place] = []

  private enum SharedRule: Hashable { case string, number, integer, anyArray, anyObject }

  private init(_ store: SchemaStore, _ options: JSONSchemaOptions, _ form: ArgumentForm? = nil) {
    self.store = store
    self.form = form ?? ArgumentForm()
    isArguments = form != nil
    layout = Layout(options.whiteSpace)
    keepsOrder = options.propertyOrder == .asDeclared
    integersMayHavePoint = options.integersMayHavePoint
    limit = options.ruleLimit
  }

  static func write(
    _ root: Condition, _ store: SchemaStore, _ options: JSONSchemaOptions
  ) throws(SchemaError) -> (Grammar, [Place]) {
    let writer = GrammarWriter(store, options)
    writer.grammar.root = try writer.rule(for: root)
    try writer.writeWaiting()
    return (writer.grammar, writer.places)
  }

  static func write(
    arguments root: Condition, _ form: ArgumentForm, _ store: SchemaStore, _ options: JSONSchemaOptions
  ) throws(SchemaError) -> (Grammar, [Place]) {
    let writer = GrammarWriter(store, options, form)
    writer.grammar.root = try writer.declare("arguments")
    writer.define(writer.grammar.root, try writer.arguments(root))
    try writer.writeWaiting()
    return (writer.grammar, writer.places)
  }

  private func writeWaiting() throws(SchemaError) {
    while let (rule, condition) = waiting.popLast() {
      if let literal = condition.literals.first { place = store.place(of: literal.schema) }
      places[rule.index] = place
      define(rule, try values(try store.expand(condition)))
    }
  }

  /// The rule for the values that fit `condition`.
  func rule(for condition: Condition) throws(SchemaError) -> Grammar.RuleID {
    let condition = try direct(condition)
    if let known = ruleOfCondition[condition] { return known }
    let rule = try declare("value")
    ruleOfCondition[condition] = rule
    waiting.append((rule, condition))
    return rule
  }

  func value(_ condition: Condition) throws(SchemaError) -> Grammar.Expression {
    .rule(try rule(for: condition))
  }

  /// The same condition without schemas that only refer to another one.
  private func direct(_ condition: Condition) throws(SchemaError) -> Condition {
    var condition = condition
    for _ in 0..<SchemaStore.depthLimit {
      guard condition.literals.count == 1, let literal = condition.literals.first, literal.holds,
        case let node = store.node(literal.schema), node.own == .all, node.applicators.count == 1,
        case .reference(let reference) = node.applicators[0]
      else { break }
      condition = try store.target(of: reference, at: store.place(of: literal.schema))
    }
    return condition
  }

  func declare(_ name: String) throws(SchemaError) -> Grammar.RuleID {
    guard grammar.rules.count < limit else {
      throw place.error("the schema makes more than \(limit) rules: write fewer alternatives or smaller counts")
    }
    places.append(place)
    return grammar.declare(name)
  }

  func define(_ rule: Grammar.RuleID, _ expression: Grammar.Expression) { grammar.define(rule, as: expression) }

  private func shared(
    _ kind: SharedRule, _ make: () throws(SchemaError) -> Grammar.Expression
  ) throws(SchemaError) -> Grammar.Expression {
    if let known = shared[kind] { return .rule(known) }
    let rule = try declare("\(kind)")
    shared[kind] = rule
    define(rule, try make())
    return .rule(rule)
  }

  /// The texts of the values of a set.
  private func values(_ set: ValueSet) throws(SchemaError) -> Grammar.Expression {
    var ways: [Grammar.Expression] = []
    if set.null { ways.append(.terminal(text(form.words.null))) }
    if set.booleans.contains(.yes) { ways.append(.terminal(text(form.words.yes))) }
    if set.booleans.contains(.no) { ways.append(.terminal(text(form.words.no))) }
    ways += try numbers(set.numbers)
    ways += try strings(set.strings)
    for shape in set.arrays {
      ways.append(
        shape == ArrayShape()
          ? try shared(.anyArray) { () throws(SchemaError) in try self.array(ArrayShape()) } : try array(shape))
    }
    for shape in set.objects {
      ways.append(
        shape == ObjectShape()
          ? try shared(.anyObject) { () throws(SchemaError) in try self.object(ObjectShape()) } : try object(shape))
    }
    return ways.count == 1 ? ways[0] : .choice(ways)
  }

  private func strings(_ set: StringSet) throws(SchemaError) -> [Grammar.Expression] {
    if set.isEmpty { return [] }
    if set == .all {
      return [try shared(.string) { () throws(SchemaError) in .terminal(try self.string(set, isKey: false)) }]
    }
    return [.terminal(try string(set, isKey: false))]
  }

  /// The strings of a set with their quotes.
  func string(_ set: StringSet, isKey: Bool) throws(SchemaError) -> RegularLanguage {
    if isKey, form.hasBareKeys { return try texts(set, as: .bareKey) }
    switch form.quotes {
    case .mark(let mark, let text) where !isKey:
      let content = RegularLanguage.intersection([try texts(set, as: .raw), .before(mark: text)])
      return .concatenation([.literal(mark), content, .literal(mark)])
    case .python where !isKey: return try quoted(set, as: .plain)
    default: return try quoted(set, as: isKey ? .key : .value)
    }
  }

  private func quoted(_ set: StringSet, as use: TextLanguages.Use) throws(SchemaError) -> RegularLanguage {
    let quoted = RegularLanguage.concatenation([text("\""), try texts(set, as: use), text("\"")])
    return form.avoided.isEmpty ? quoted : .intersection([quoted, .without(.literal(form.avoided))])
  }

  func texts(_ set: StringSet, as use: TextLanguages.Use) throws(SchemaError) -> RegularLanguage {
    do { return try store.texts.language(set, as: use) } catch { throw place.error(error.advice) }
  }

  private func numbers(_ set: NumberSet) throws(SchemaError) -> [Grammar.Expression] {
    var ways: [Grammar.Expression] = []
    for piece in set.pieces {
      let isWhole = piece.fractions.isEmpty && !integersMayHavePoint
      func terminal(_ language: RegularLanguage) -> Grammar.Expression {
        let all =
          [language] + (isWhole ? [NumberLanguage.withoutPoint] : []) + (isArguments ? [NumberLanguage.short] : [])
        return .terminal(all.count == 1 ? language : .intersection(all))
      }
      if !piece.isPlain {
        ways.append(try NumberAutomaton(piece, place, hasPoint: !isWhole).write(to: self))
      } else if piece.integers == .all, piece.fractions == .all {
        ways.append(try shared(.number) { terminal(NumberLanguage.any) })
      } else if piece.integers == .all, piece.fractions.isEmpty {
        ways.append(try shared(.integer) { terminal(NumberLanguage.anyInteger) })
      } else {
        ways.append(terminal(NumberLanguage.plain(piece)))
      }
    }
    return ways
  }
}
