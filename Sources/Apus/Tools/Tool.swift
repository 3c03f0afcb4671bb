/// Something that a model may have your program do while it answers: a name, what it is for, what it takes, and the code.
///
///     struct Weather: Tool {
///       struct Arguments: Decodable { let city: String }
///       let name = "weather"
///       let description = "The weather in a city now."
///       func call(_ arguments: Arguments) async throws -> String { "18 °C in \(arguments.city)" }
///     }
///     let session = try model.session(tools: [Weather()])
///
/// A session runs the calls of one turn at the same time, none of them on the caller's actor. Where nothing is kept
/// between calls, a ``ToolFunction`` is shorter.
public protocol Tool: Sendable {
  /// What the model gives: any type that ``OutputSchema/init(of:)`` can describe, or that describes itself
  /// (``StructuredOutput``).
  associatedtype Arguments: Decodable & Sendable
  /// What comes of a call: a text, which the model gets as it is, or anything else that can be encoded, as JSON.
  associatedtype Output: Encodable & Sendable

  /// What the model calls it by: at most 128 letters, digits, `_`, `-` and `.`, other than those of a session's other tools.
  var name: String { get }
  /// What it does, for the model to know when it is of use.
  var description: String { get }
  /// What the arguments look like; nil where that follows from their type.
  var parameters: OutputSchema? { get }

  /// Does it.
  ///
  /// What it throws is told to the model by default, in the error's own words (`SessionOptions.toolFailures`). The task is
  /// cancelled where the response is; what comes of the call then is dropped.
  func call(_ arguments: Arguments) async throws -> Output
}

extension Tool {
  /// Nothing is said: it follows from the type of the arguments.
  public var parameters: OutputSchema? { nil }

  /// What the model is told of it.
  ///
  /// - Throws: `ApusError.invalidRequest` where what it takes does not follow from the type of its arguments.
  public var definition: ToolDefinition {
    get throws(ApusError) {
      let schema = if let parameters { parameters } else { try OutputSchema(of: Arguments.self) }
      return ToolDefinition(name: name, description: description, parameters: schema)
    }
  }
}

/// A tool that is one function.
///
///     struct Place: Decodable { let city: String }
///     let weather = ToolFunction("weather", "The weather in a city now.") { (place: Place) in "18 °C in \(place.city)" }
public struct ToolFunction<Arguments: Decodable & Sendable, Output: Encodable & Sendable>: Tool {
  /// What the model calls it by.
  public let name: String
  /// What it does.
  public let description: String
  /// What the arguments look like; nil where that follows from their type.
  public let parameters: OutputSchema?
  private let body: @Sendable (Arguments) async throws -> Output

  /// A tool that does `body`.
  public init(
    _ name: String, _ description: String, parameters: OutputSchema? = nil,
    _ body: @escaping @Sendable (Arguments) async throws -> Output
  ) {
    self.name = name
    self.description = description
    self.parameters = parameters
    self.body = body
  }

  /// Does it.
  public func call(_ arguments: Arguments) async throws -> Output { try await body(arguments) }
}

extension ToolFunction where Arguments == NoArguments {
  /// A tool that takes nothing.
  public init(_ name: String, _ description: String, _ body: @escaping @Sendable () async throws -> Output) {
    self.init(name, description) { (_: NoArguments) in try await body() }
  }
}

/// What a tool takes that takes nothing.
public struct NoArguments: Decodable, Sendable {}
