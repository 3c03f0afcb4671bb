internal import Apus
internal import ApusChat
internal import ApusJSON

/// An answer of `/v1/responses` as events, each with its number: `begin`, then `take` as often as there is more, then
/// `end`; or as one object, `response`, which is that of the last event.
struct ResponseEvents: Sendable {
  private var form: ResponseForm
  private let customTools: Set<String>
  /// The items that are complete, and the one that comes.
  private var items: [JSONValue] = []
  private var item: ResponseItem?
  private var count = 0
  /// The events that end the last item, once it has ended.
  private var closing: [JSONValue]?

  init(form: ResponseForm, customTools: Set<String>) {
    self.form = form
    self.customTools = customTools
  }

  mutating func begin() -> [JSONValue] {
    let response = form.response([], nil)
    return [event("created", [("response", response)]), event("in_progress", [("response", response)])]
  }

  mutating func take(_ events: [TurnEvent]) -> [JSONValue] { events.flatMap { take($0) } }

  mutating func end(_ result: ChoiceResult) -> [JSONValue] {
    let response = response(result)
    return (closing ?? []) + [event(Self.status(result), [("response", response)])]
  }

  /// The whole answer, of which there is nothing more to come.
  mutating func response(_ result: ChoiceResult) -> JSONValue {
    if closing == nil {
      if items.isEmpty, item == nil { take(result.turn) }
      closing = close(Self.status(result))
    }
    return form.response(items, result)
  }

  /// It could not be kept; what is told from now on says so.
  mutating func tellNotKept() { form.tellNotKept() }

  private static func status(_ result: ChoiceResult) -> String { result.end == .stop ? "completed" : "incomplete" }

  /// All that was said, where nothing of it was told as it came.
  private mutating func take(_ turn: TurnSummary) {
    if !turn.reasoning.isEmpty { _ = take(.reasoning(turn.reasoning)) }
    if !turn.content.isEmpty { _ = take(.content(turn.content)) }
    for (index, call) in turn.calls.enumerated() {
      _ = take(.callBegins(index: index, id: call.id, name: call.name))
      _ = take(.callArguments(index: index, call.arguments))
      if index < turn.completeCalls { _ = take(.callEnds(index: index)) }
    }
  }

  // MARK: Items

  private mutating func take(_ event: TurnEvent) -> [JSONValue] {
    switch event {
    case .content(let text):
      if case .message? = item?.kind { return tell(text) }
      return open(.message) + tell(text)
    case .reasoning(let text):
      if case .reasoning? = item?.kind { return tell(text) }
      return open(.reasoning) + tell(text)
    case .callBegins(_, let id, let name):
      return open(customTools.contains(name) ? .customCall(id: id ?? "", name: name) : .call(id: id ?? "", name: name))
    case .callArguments(_, let text): return tell(text)
    case .callEnds: return close("completed")
    }
  }

  /// Begins an item; the one before it is complete.
  private mutating func open(_ kind: ResponseItem.Kind) -> [JSONValue] {
    let closing = close("completed")
    let new = ResponseItem(kind)
    item = new
    let added = event("output_item.added", [("output_index", .int(items.count)), ("item", new.json("in_progress"))])
    return closing + [added] + (new.hasPart ? [event("content_part.added", place(new) + [("part", new.part(""))])] : [])
  }

  /// More of the item's text.
  private mutating func tell(_ text: String) -> [JSONValue] {
    item?.text += text
    guard let item, item.isToldAtOnce else { return [] }
    return [delta(of: item, text)]
  }

  private mutating func close(_ status: String) -> [JSONValue] {
    guard let item else { return [] }
    self.item = nil
    var events = item.isToldAtOnce ? [] : [delta(of: item, item.whole)]
    events.append(event(item.textName + ".done", place(item) + item.ended()))
    if item.hasPart { events.append(event("content_part.done", place(item) + [("part", item.part(item.text))])) }
    let json = item.json(status)
    events.append(event("output_item.done", [("output_index", .int(items.count)), ("item", json)]))
    items.append(json)
    return events
  }

  private mutating func delta(of item: ResponseItem, _ text: String) -> JSONValue {
    var members = place(item) + [("delta", .string(text))]
    if case .message = item.kind { members.append(("logprobs", [])) }
    return event(item.textName + ".delta", members)
  }

  /// Where an event belongs.
  private func place(_ item: ResponseItem) -> JSONMembers {
    [("item_id", .string(item.id)), ("output_index", .int(items.count))] + (item.hasPart ? [("content_index", 0)] : [])
  }

  private mutating func event(_ name: String, _ members: JSONMembers) -> JSONValue {
    defer { count += 1 }
    return .object(JSONObject([("type", .string("response." + name)), ("sequence_number", .int(count))] + members))
  }
}
