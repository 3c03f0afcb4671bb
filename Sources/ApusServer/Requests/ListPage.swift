internal import ApusJSON
internal import Hummingbird

/// Which part of a list a client asks for, by `order`, `after` and `limit` as OpenAI has them.
struct ListPage: Sendable {
  private let limit: Int
  private let isAscending: Bool
  /// The id of the item that the page follows.
  private let after: String?

  /// Reads the query; a page has `usual` entries where it does not say, and `most` at most.
  init(_ request: Request, usual: Int = 20, most: Int = 100) throws(Refusal) {
    let query = request.uri.queryParameters
    switch query["order"] {
    case "asc"?: isAscending = true
    case "desc"?, nil: isAscending = false
    default: throw .invalid("order", "order must be asc or desc")
    }
    let limit = query["limit"].map { Int($0) } ?? usual
    guard let limit, (1...most).contains(limit) else { throw .invalid("limit", "limit must be 1 to \(most)") }
    self.limit = limit
    after = query["after"].map(String.init)
  }

  /// The page of `items`, which come oldest first; without an order the last ones are listed first.
  func list(of items: [JSONValue]) throws(Refusal) -> JSONValue {
    var rest = (isAscending ? items : items.reversed())[...]
    if let after {
      guard let place = rest.firstIndex(where: { $0["id"] == .string(after) }) else {
        throw .invalid("after", "after must be the id of one of the entries")
      }
      rest = rest[(place + 1)...]
    }
    let page = Array(rest.prefix(limit))
    return [
      "object": "list", "data": .array(page), "first_id": page.first?["id"] ?? .null,
      "last_id": page.last?["id"] ?? .null, "has_more": .bool(rest.count > page.count),
    ]
  }
}
