internal import ApusGrammar
internal import ApusJSON
internal import ApusSchema

/// Writes the calls of a request's tools, in the ways that a format has, as rules of a grammar.
///
/// What the grammar's texts mean to a `TurnParser` are calls whose arguments fit the schemas of their tools.
struct CallGrammar {
  struct Tool {
    let name: String
    let parameters: JSONValue
    let table: ToolTable.Tool
  }

  let tools: [Tool]
  let marks: MarkTexts
  /// Whether arguments are any object where a tool's schema cannot be kept.
  let isLenient: Bool
  private(set) var grammar = Grammar()
  /// How many schemas of a request may be beyond what can be kept before no other is tried, and the rules of all tools.
  private static let failureLimit = 4
  /// The steps that the schemas of all tools may take together: one tool alone what a schema may, several about half of
  /// that, or what some hundred usual ones take; and for arguments that are any object.
  private var work: Int
  private var workOfAny = 60_000
  private static let ruleLimit = 16_000
  private var failures = 0
  /// The rules of arguments that were written.
  private var written: [(arguments: CallSyntax.Arguments, tool: String, rule: Grammar.Expression)] = []

  /// Whether arguments fit the tools' schemas; otherwise they are any objects.
  let keepsSchemas: Bool

  init(_ tools: [Tool], _ marks: MarkTexts, isLenient: Bool, keepsSchemas: Bool = true) {
    (self.tools, self.marks, self.isLenient, self.keepsSchemas) = (tools, marks, isLenient, keepsSchemas)
    work = tools.count == 1 ? JSONSchema.workLimit : 120_000
  }

  /// The tools among definitions; of several with one name the last one counts.
  static func tools(_ definitions: [JSONValue]) -> [Tool] {
    let table = ToolTable(definitions)
    var tools: [Tool] = []
    for definition in definitions.reversed() {
      let function = definition["function"] ?? definition
      guard case .string(let name)? = function["name"], let known = table[name.utf8],
        !tools.contains(where: { $0.name.utf8.elementsEqual(name.utf8) })
      else { continue }
      tools.append(Tool(name: name, parameters: function["parameters"] ?? .null, table: known))
    }
    return tools.reversed()
  }

  /// The whole grammar, of which one of these texts is one.
  mutating func end(_ ways: [Grammar.Expression]) -> Grammar {
    grammar.root = grammar.add("turn", ways.count == 1 ? ways[0] : .choice(ways))
    return grammar
  }

  mutating func add(_ name: String, _ expression: Grammar.Expression) -> Grammar.Expression {
    .rule(grammar.add(name, expression))
  }

  /// What stands for all texts of another grammar.
  mutating func take(_ other: Grammar) -> Grammar.Expression { .rule(grammar.take(other)) }

  func text(_ text: String) -> Grammar.Expression { .terminal(.literal(marks.bytes(text))) }

  // MARK: Calls

  /// What a turn's calls begin with, up to the first byte that is not a mark's.
  static func head(_ syntax: CallSyntax) -> [String] {
    var pieces = [syntax.section.open, syntax.isList ? "[" : "", syntax.call.open]
    switch syntax.shape {
    case .object: pieces.append("{")
    case .named(let named): pieces.append(named.beforeName)
    }
    return pieces
  }

  /// All calls of a turn, behind `opening`, which stands for the head.
  mutating func calls(
    _ syntax: CallSyntax, opening: Grammar.Expression, space: Grammar.Expression, allowsSeveral: Bool
  ) throws(CallGrammarError) -> Grammar.Expression {
    let close = text(syntax.call.close)
    let first = try call(syntax, space: space)
    var parts = [opening, first, close]
    if allowsSeveral, let separator = separator(of: syntax) {
      let next = try call(syntax, space: .sequence([]))
      let head = Self.head(syntax)
      let open = text(separator + head.suffix(2).joined())
      parts.append(.repetition(.sequence([open, next, close]), atLeast: 0, atMost: nil))
    }
    if !marks.endsTurn(syntax.call.close) { parts += [text(syntax.isList ? "]" : ""), text(syntax.section.close)] }
    return .sequence(parts)
  }

  /// What stands between two calls; nil where a turn can have only one.
  private func separator(of syntax: CallSyntax) -> String? {
    guard let separator = syntax.separator, !marks.endsTurn(syntax.call.close + separator) else { return nil }
    if syntax.isList { return separator.withoutOuterSpace == "," ? separator : ", " }
    guard separator.withoutOuterSpace.isEmpty else { return nil }
    if !syntax.call.open.withoutOuterSpace.isEmpty { return separator }
    if case .named(let named) = syntax.shape, !named.beforeName.withoutOuterSpace.isEmpty { return separator }
    return nil
  }

  /// A call behind its head; white space may stand where `space` has some.
  private mutating func call(
    _ syntax: CallSyntax, space: Grammar.Expression
  ) throws(CallGrammarError) -> Grammar.Expression {
    switch syntax.shape {
    case .object(let keys): return try object(keys, space)
    case .named(let named): return try self.named(named, space)
    }
  }

  private mutating func object(
    _ keys: CallSyntax.Keys, _ space: Grammar.Expression
  ) throws(CallGrammarError) -> Grammar.Expression {
    var ways: [Grammar.Expression] = []
    for tool in tools {
      let name = JSONValue.string(tool.name).text
      guard name.utf8.count <= CallReader.maximumName else { try refuse(tool); continue }
      let between = keys.name == nil ? ": " : ", \"\(keys.arguments)\": "
      ways.append(.sequence([text(name), text(between), try arguments(.value(.json), tool)]))
    }
    var parts = [space, .choice(ways), text("}")]
    if let name = keys.name {
      parts = [space, id(keys), text("\"\(name)\""), space, colon(space), .choice(ways), text("}")]
    }
    return .sequence(parts)
  }

  private func colon(_ space: Grammar.Expression) -> Grammar.Expression {
    space == .sequence([]) ? text(": ") : .sequence([text(":"), space])
  }

  /// An id before the name, where the format has one there.
  private func id(_ keys: CallSyntax.Keys) -> Grammar.Expression {
    guard let id = keys.id, id != "id" else { return .sequence([]) }
    return .choice([.sequence([]), .sequence([text("\"\(id)\": \""), .terminal(Self.id), text("\", ")])])
  }

  private mutating func named(
    _ named: CallSyntax.Named, _ space: Grammar.Expression
  ) throws(CallGrammarError) -> Grammar.Expression {
    var ways: [Grammar.Expression] = []
    for tool in tools {
      guard Self.canWrite(tool.name, named) else { try refuse(tool); continue }
      var parts = [text(tool.name)]
      if named.isNumbered { parts += [text(":"), .terminal(Self.number)] }
      if let mark = named.beforeID {
        let id = Grammar.Expression.sequence([text(mark), .terminal(Self.id)])
        parts.append(isLenient ? .choice([.sequence([]), id]) : id)
      }
      parts += [text(named.beforeArguments), try arguments(named.arguments, tool)]
      ways.append(.sequence(parts))
    }
    return .sequence([space, .choice(ways), text(named.afterArguments)])
  }

  static var id: RegularLanguage {
    .repetition(
      .byte(ByteSet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-".utf8)), atLeast: 1, atMost: 40)
  }
  static var number: RegularLanguage { .repetition(.byte(ByteSet("0123456789".utf8)), atLeast: 1, atMost: 4) }

  /// Whether a reader finds the end of a name.
  private static func canWrite(_ name: String, _ named: CallSyntax.Named) -> Bool {
    guard !name.isEmpty, name.utf8.count < 256, name.withoutOuterSpace == name else { return false }
    if named.beforeArguments.withoutOuterSpace.isEmpty || named.beforeID != nil || named.isNumbered {
      return !name.utf8.contains { isSpace($0) || "<{([".utf8.contains($0) }
    }
    return !name.utf8.contains { $0 == named.beforeArguments.withoutOuterSpace.utf8.first }
  }

  /// A tool that cannot be called in this form.
  func refuse(_ tool: Tool) throws(CallGrammarError) {
    if isLenient { return }
    throw CallGrammarError(tool: tool.name, "its name cannot be written in this model's form of calls")
  }

  // MARK: Arguments

  /// What a tool's arguments may be, with what ends them; written once.
  mutating func arguments(
    _ arguments: CallSyntax.Arguments, _ tool: Tool
  ) throws(CallGrammarError) -> Grammar.Expression {
    let known = written.first { $0.arguments == arguments && $0.tool.utf8.elementsEqual(tool.name.utf8) }
    if let known { return known.rule }
    let rule = try newArguments(arguments, tool)
    written.append((arguments, tool.name, rule))
    return rule
  }

  private mutating func newArguments(
    _ arguments: CallSyntax.Arguments, _ tool: Tool
  ) throws(CallGrammarError) -> Grammar.Expression {
    var left = work
    do throws(SchemaError) {
      // Hopeless schemas take their time each.
      if keepsSchemas, failures < Self.failureLimit {
        defer { work = left }
        return try rule(tool.parameters, arguments, tool, &left)
      }
    } catch {
      if !isLenient { throw refusal(of: tool, error) }
      failures += 1
    }
    left = workOfAny
    do throws(SchemaError) {
      defer { workOfAny = left }
      return try rule(tool.anyArguments(arguments), arguments, tool, &left, takesOthers: true)
    } catch { throw refusal(of: tool, error) }
  }

  private func refusal(of tool: Tool, _ error: SchemaError) -> CallGrammarError {
    CallGrammarError(tool: tool.name, "its parameters cannot be kept at \(error.place): \(error.reason)")
  }

  /// A rule for arguments that fit `schema`, and what ends them.
  private mutating func rule(
    _ schema: JSONValue, _ arguments: CallSyntax.Arguments, _ tool: Tool, _ work: inout Int,
    takesOthers: Bool = false
  ) throws(SchemaError) -> Grammar.Expression {
    var form = ArgumentForm(arguments, tool.table, marks)
    form.takesOthers = form.takesOthers || takesOthers
    let isMarked = if case .value(.marked) = arguments { true } else { false }
    let options = JSONSchemaOptions(
      whiteSpace: isMarked ? .none : .spaces, propertyOrder: .asDeclared, integersMayHavePoint: false,
      ruleLimit: max(100, min(4_000, Self.ruleLimit - grammar.rules.count)))
    // Without parameters a tool takes none.
    let schema = schema == .null ? ["type": "object", "additionalProperties": false] : schema
    let rule = Grammar.Expression.rule(
      grammar.take(try JSONSchema(arguments: schema, form, options: options, work: &work).grammar))
    return arguments == .value(.python) ? .sequence([rule, text(")")]) : rule
  }
}

extension CallGrammar.Tool {
  /// A schema that arguments fit whatever else the tool's own says.
  fileprivate func anyArguments(_ arguments: CallSyntax.Arguments) -> JSONValue {
    if arguments == .value(.json) { return ["type": "object"] }
    let known = table.parameters.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let properties = known.map { key, kinds in
      (String(decoding: key, as: UTF8.self), ["type": .array(kinds.names.map { .string($0) })] as JSONValue)
    }
    let required = table.required.map { JSONValue.string(String(decoding: $0, as: UTF8.self)) }
    return ["type": "object", "properties": .object(JSONObject(properties)), "required": .array(required)]
  }
}
