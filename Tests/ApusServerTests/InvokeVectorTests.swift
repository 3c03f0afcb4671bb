internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// Embedding models behind the paths of Bedrock and SageMaker.
@Suite struct `Vectors for clients of AWS` {
  private static let titan = "/model/amazon.titan-embed-text-v2:0/invoke"
  private static let cohere = "/model/cohere.embed-english-v3/invoke"

  private func vector(_ value: JSONValue?) -> [Float] {
    (value?.elements ?? []).compactMap { $0.value.map { Float($0) } }
  }

  private func vectors(_ value: JSONValue?) -> [[Float]] { (value?.elements ?? []).map(vector) }

  @Test func `Titan's body has one text, and its vector as numbers and as bits`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let expected = try await server.model.embed("the monster")
    for path in [Self.titan, "/model/amazon.titan-embed-text-v1/invoke", "/model/mine/invoke"] {
      let reply = try await server.post(path, ["inputText": "the monster"])
      #expect(reply.status == 200 && vector(reply.json["embedding"]) == expected.vector, "\(reply.text)")
      #expect(reply.json["inputTextTokenCount"] == .int(expected.tokenCount))
      #expect(reply.json["embeddingsByType"]?["float"] == reply.json["embedding"])
      #expect(reply.json["embeddingsByType"]?["binary"] == nil)
      let count = HTTPField.Name("X-Amzn-Bedrock-Input-Token-Count").flatMap { reply.headers[$0] }
      #expect(count == "\(expected.tokenCount)")
    }
    let bits = try await server.post(
      Self.titan, ["inputText": "the monster", "dimensions": 8, "embeddingTypes": ["binary"]])
    let short = vector(bits.json["embedding"])
    #expect(short.count == 8 && bits.json["embeddingsByType"]?["float"] == nil, "\(bits.text)")
    #expect(bits.json["embeddingsByType"]?["binary"] == .array(short.map { .int($0 > 0 ? 1 : 0) }))
    let bare = try await server.post(Self.titan, ["inputText": "the monster", "dimensions": 8, "normalize": false])
    #expect(vector(bare.json["embedding"]) == Array(try await unnormalized(server).prefix(8)))
  }

  private func unnormalized(_ server: TestServer) async throws -> [Float] {
    try await server.model.embed("the monster", options: .init(isNormalized: false)).vector
  }

  @Test func `Cohere's body has several texts, and their vectors as numbers of each kind`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let texts = ["the monster", "sea"]
    let list = JSONValue.array(texts.map(JSONValue.string))
    let expected = try await server.model.embed(texts).map(\.vector)
    for path in [Self.cohere, "/model/mine/invoke"] {
      let reply = try await server.post(path, ["texts": list, "input_type": "search_query", "truncate": "NONE"])
      #expect(reply.status == 200 && vectors(reply.json["embeddings"]) == expected, "\(reply.text)")
      #expect(reply.json["response_type"] == "embeddings_floats" && reply.json["texts"] == list)
      #expect(reply.json["id"]?.text?.isEmpty == false && reply.ignoredFields == nil)
    }
    let all = try await server.post(
      Self.cohere, ["texts": list, "embedding_types": ["float", "int8", "uint8", "binary", "ubinary"]])
    #expect(all.json["response_type"] == "embeddings_by_type", "\(all.text)")
    let kinds = try #require(all.json["embeddings"])
    #expect(vectors(kinds["float"]) == expected)
    for (index, vector) in expected.enumerated() {
      let most = vector.map(abs).max() ?? 1
      let whole = vectors(kinds["int8"])[index]
      #expect(whole == vector.map { ($0 / most * 127).rounded() } && whole.map(abs).max() == 127)
      #expect(vectors(kinds["uint8"])[index] == whole.map { $0 + 128 })
      let bytes = vectors(kinds["ubinary"])[index]
      #expect(bytes.count == vector.count / 8)
      let bits = bytes.flatMap { byte in (0..<8).map { UInt8(byte) >> (7 - $0) & 1 } }
      #expect(bits == vector.map { $0 > 0 ? 1 : 0 })
      #expect(vectors(kinds["binary"])[index] == bytes.map { $0 - 128 })
    }
    let short = try await server.post(Self.cohere, ["texts": list, "output_dimension": 16])
    #expect(vectors(short.json["embeddings"]).map(\.count) == [16, 16])
  }

  @Test func `Long texts are cut where that is asked for`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let long = JSONValue.array([.string(String(repeating: "monster ", count: 500))])
    let refused = try await server.post(Self.cohere, ["texts": long])
    #expect(refused.status == 400 && refused.awsError == "ValidationException", "\(refused.text)")
    #expect(try await server.post(Self.cohere, ["texts": long, "truncate": "END"]).status == 200)
    let start = try await server.post(Self.cohere, ["texts": long, "truncate": "START"])
    #expect(start.status == 400 && start.json["message"]?.text?.contains("truncate") == true)
  }

  @Test func `The tokens of such bodies are counted`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let expected = try await server.model.embed("the monster").tokenCount
    // {"inputText":"the monster"} and {"texts":["the monster","the monster"]}
    for (body, factor) in [
      ("eyJpbnB1dFRleHQiOiJ0aGUgbW9uc3RlciJ9", 1),
      ("eyJ0ZXh0cyI6WyJ0aGUgbW9uc3RlciIsInRoZSBtb25zdGVyIl19", 2),
    ] {
      let reply = try await server.post(
        "/model/mine/count-tokens", ["input": ["invokeModel": ["body": .string(body)]]])
      #expect(reply.json["inputTokens"] == .int(expected * factor), "\(reply.text)")
    }
  }

  @Test(arguments: [
    (titan, #"{"inputText":["a"]}"#, "inputText"), (titan, #"{"inputText":"a","dimensions":65}"#, "dimensions"),
    (titan, #"{"inputText":"a","embeddingTypes":["int8"]}"#, "embeddingTypes"), (titan, "{}", "inputText"),
    (cohere, #"{"texts":[]}"#, "texts"), (cohere, #"{"texts":["a",1]}"#, "texts[1]"), (cohere, "{}", "texts"),
    (cohere, #"{"texts":["a"],"embedding_types":"float"}"#, "embedding_types"),
    (cohere, #"{"texts":["a"],"images":["b"]}"#, "images"),
    (cohere, #"{"texts":["a"],"input_type":"image"}"#, "image"),
    (cohere, #"{"texts":["a"],"output_dimension":0}"#, "output_dimension"),
    (titan + "-with-response-stream", #"{"inputText":"a"}"#, "stream"),
  ])
  func `What is wrong is refused by the field's name`(_ path: String, _ body: String, _ field: String) async throws {
    // What is asked for as a stream is refused before anything is streamed.
    let server = try TestServer(await TestModel.embedding())
    let reply = try await server.post(path, body)
    #expect(reply.status == 400 && reply.awsError == "ValidationException", "\(reply.text)")
    #expect(reply.json["message"]?.text?.contains(field) == true, "\(reply.text)")
  }

  @Test func `A model that generates text takes a pooling`() async throws {
    let server = try TestServer(await TestModel.quick())
    let refused = try await server.post(Self.titan, ["inputText": "a"])
    #expect(refused.status == 400 && refused.json["message"]?.text?.contains("pooling") == true, "\(refused.text)")
    let reply = try await server.post(Self.titan, ["inputText": "a", "pooling": "mean"])
    #expect(reply.status == 200 && !vector(reply.json["embedding"]).isEmpty, "\(reply.text)")
    let batch = try await server.post("/invocations", ["inputs": ["a", "b"], "pooling": "last"])
    #expect(vectors(batch.json).count == 2, "\(batch.text)")
  }

  @Test(arguments: ["/invocations", "/endpoints/my-endpoint/invocations", "/models/mine/invoke"])
  func `SageMaker's bodies are OpenAI's, those of Hugging Face's server, and JumpStart's`(_ path: String) async throws {
    let server = try TestServer(await TestModel.embedding())
    let texts: JSONValue = ["the monster", "sea"]
    let direct = try await server.post("/v1/embeddings", ["input": texts])
    let expected = try #require(direct.json["data"]?.elements).map { $0["embedding"] ?? .null }
    let open = try await server.post(path, ["input": texts])
    #expect(open.json["data"] == direct.json["data"] && open.json["usage"] == direct.json["usage"], "\(open.text)")
    let batch = try await server.post(path, ["inputs": texts, "normalize": true, "truncate": false])
    #expect(batch.status == 200 && batch.json == .array(expected), "\(batch.text)")
    let one = try await server.post(path, ["inputs": "the monster"])
    #expect(one.json == .array([expected[0]]), "\(one.text)")
    let lifted = try await server.post(path, ["inputs": "the monster", "parameters": ["dimensions": 8]])
    #expect(vectors(lifted.json).map(\.count) == [8], "\(lifted.text)")
    let started = try await server.post(path, ["text_inputs": texts, "mode": "embedding"])
    #expect(started.json == ["embedding": .array(expected)] && started.ignoredFields == nil, "\(started.text)")
    let single = try await server.post(path, ["text_inputs": "the monster"])
    #expect(single.json == ["embedding": .array([expected[0]])], "\(single.text)")
  }

  @Test(arguments: [
    #"{"inputs":[]}"#, #"{"inputs":[1.5]}"#, #"{"text_inputs":{}}"#, #"{"input":null,"inputs":null}"#,
    #"{"inputs":"a","dimensions":65}"#, #"{"inputs":"a","truncate":true,"truncation_direction":"Left"}"#,
    #"{"inputs":"a","stream":true}"#,
  ])
  func `SageMaker's clients are told what is wrong`(_ body: String) async throws {
    let server = try TestServer(await TestModel.embedding())
    let container = try await server.post("/invocations", body)
    #expect(container.status == 400 && container.isAPIError, "\(container.text)")
    for path in ["/endpoints/e/invocations", "/endpoints/e/invocations-response-stream"] {
      let reply = try await server.post(path, body)
      #expect(reply.status == 424 && reply.awsError == "ModelError", "\(reply.text)")
    }
  }
}
