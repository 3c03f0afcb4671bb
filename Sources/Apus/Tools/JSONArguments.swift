internal import ApusJSON

/// The arguments of a call as the model wrote them, for tools whose schema is known only when the program runs.
///
/// Give such a tool its `parameters`; without them it takes any object.
public struct JSONArguments: StructuredOutput, Sendable {
  /// A JSON object.
  public let json: String

  /// Any object.
  public static var outputSchema: OutputSchema { OutputSchema(json: "{\"type\":\"object\"}") }

  /// Takes what is decoded as it is.
  ///
  /// - Throws: `DecodingError` where the decoder is not that of a session, which alone knows the text.
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? OutputDecoder, let value = decoder.value else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "only a session gives arguments"))
    }
    json = String(decoding: value.serialized(.compact), as: UTF8.self)
  }
}
