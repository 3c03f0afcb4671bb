internal import ApusChat
internal import ApusJSON

/// What a delta adds to one call.
struct CallPiece {
  let index: Int
  var beginning: (id: String, name: String)?
  var arguments = ""

  /// What events add to calls, all of one call together.
  static func pieces(of events: [TurnEvent]) -> [CallPiece] {
    var pieces: [CallPiece] = []
    for event in events {
      switch event {
      case .callBegins(let index, let id, let name):
        pieces.append(CallPiece(index: index, beginning: (id ?? "", name)))
      case .callArguments(let index, let text):
        if pieces.last?.index != index { pieces.append(CallPiece(index: index)) }
        pieces[pieces.count - 1].arguments += text
      case .content, .reasoning, .callEnds: break
      }
    }
    return pieces
  }

  var function: JSONObject {
    var members = JSONObject()
    if let beginning { members["name"] = .string(beginning.name) }
    members["arguments"] = .string(arguments)
    return members
  }

  var json: JSONValue {
    var members = JSONObject([("index", .int(index))])
    if let beginning {
      members["id"] = .string(beginning.id)
      members["type"] = "function"
    }
    members["function"] = .object(function)
    return .object(members)
  }
}
