internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `GET /openapi.json`: what the server's own paths and OpenAI's take and give, made of what stands with the routes.
struct OpenAPIPage: Sendable {
  private let text: ByteBuffer

  /// Tells of those of these routes that say what they do.
  init(_ routes: [Route], version: String) {
    var paths: [(path: String, methods: JSONMembers)] = []
    for route in routes {
      guard let operation = route.operation else { continue }
      let member = (route.method.rawValue.lowercased(), operation.json(route))
      if let index = paths.firstIndex(where: { $0.path == route.template }) {
        paths[index].methods.append(member)
      } else {
        paths.append((route.template, [member]))
      }
    }
    let document: JSONValue = [
      "openapi": "3.1.0",
      "info": [
        "title": "Apus", "version": .string(version),
        "description":
          "OpenAI's paths and Apus' own. Fields that are not told here are read, too, or named in X-Apus-Ignored-Fields.",
      ],
      "paths": .object(JSONObject(paths.map { ($0.path, .object(JSONObject($0.methods))) })),
      "components": [
        "schemas": .object(JSONObject(Schema.components)),
        "securitySchemes": ["key": ["type": "http", "scheme": "bearer"]],
      ],
    ]
    text = ByteBuffer(json: document)
  }

  /// The page's own route, which is told of, too.
  static let operation = Operation(
    id: "openapi", summary: "This description.",
    reply: .json(
      Schema.object([("openapi", Schema.text()), ("paths", Schema.object([]))], required: ["openapi", "paths"])))

  var response: Response {
    Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: text))
  }
}

extension Operation {
  /// The operation as OpenAPI has it.
  fileprivate func json(_ route: Route) -> JSONValue {
    var parameters = query.map { parameter in
      JSONValue.object(
        JSONObject([("name", .string(parameter.name)), ("in", "query"), ("schema", parameter.schema)]))
    }
    if route.path.contains("*") {
      parameters.append(["name": "id", "in": "path", "required": true, "schema": pathPart])
    }
    var members: JSONMembers = [("operationId", .string(id)), ("summary", .string(summary))]
    if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
    if let body {
      members.append(("requestBody", ["required": true, "content": ["application/json": ["schema": body]]]))
    }
    // Keys are needed only where the server has some.
    if route.access != .open { members.append(("security", [[:], ["key": []]])) }
    members.append(("responses", .object(JSONObject([success] + Self.failures))))
    return .object(JSONObject(members))
  }

  private var success: (String, JSONValue) {
    let content: JSONMembers
    switch reply {
    case .json(let schema): content = [("application/json", ["schema": schema])]
    case .jsonOrEvents(let schema):
      content = [("application/json", ["schema": schema]), ("text/event-stream", ["schema": Schema.anything])]
    case .bytes(let types): content = types.map { ($0, ["schema": Schema.text()]) }
    case .nothing: return ("204", ["description": "done"])
    }
    return ("200", ["description": "the answer", "content": .object(JSONObject(content))])
  }

  /// What is wrong with the request, and what went wrong in the server.
  private static let failures: JSONMembers = [("4XX", "a refusal"), ("5XX", "a failure, or no room at the moment")].map
  {
    ($0.0, ["description": .string($0.1), "content": ["application/json": ["schema": Schema.shared("Error")]]])
  }
}
