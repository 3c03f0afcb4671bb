internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Foundation
internal import Testing

/// Embeddings, rankings and scores over HTTP.
struct VectorTests {
  private static let embeddings = "/v1/embeddings"

  private func vectors(_ reply: Reply) -> [[Float]] {
    (reply.json["data"]?.elements ?? []).map { entry in
      switch entry["embedding"] {
      case .array(let values)?: values.compactMap { $0.value.map { Float($0) } }
      case .string(let text)?:
        stride(from: 0, to: Data(base64Encoded: text)?.count ?? 0, by: 4).map { start in
          let bytes = [UInt8](Data(base64Encoded: text) ?? Data())[start..<start + 4]
          return Float(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
      default: []
      }
    }
  }

  @Test func `Texts and tokens, one or several, become the library's vectors`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let texts = ["the monster", "sea"]
    let expected = try await server.model.embed(texts)
    let ids = texts.map { JSONValue.array(server.model.tokenize($0).map { .int(Int($0)) }) }
    for (input, count) in [
      (JSONValue.string(texts[0]), 1), (.array(texts.map(JSONValue.string)), 2), (ids[0], 1), (.array(ids), 2),
    ] {
      let reply = try await server.post(Self.embeddings, ["input": input, "model": "m", "user": "u"])
      #expect(reply.status == 200 && reply.json["object"] == "list" && reply.json["model"] == "m")
      #expect(vectors(reply) == expected.prefix(count).map(\.vector))
      let tokens = expected.prefix(count).reduce(0) { $0 + $1.tokenCount }
      #expect(reply.json["usage"] == ["prompt_tokens": .int(tokens), "total_tokens": .int(tokens)])
      #expect(reply.ignoredFields == nil)
      let encoded = try await server.post(Self.embeddings, ["input": input, "encoding_format": "base64"])
      #expect(vectors(encoded) == vectors(reply))
    }
  }

  @Test func `Fewer dimensions are the first ones, of length 1 again`() async throws {
    let server = try TestServer(await TestModel.embedding())
    let whole = vectors(try await server.post(Self.embeddings, ["input": "a"]))[0]
    let short = vectors(try await server.post(Self.embeddings, ["input": "a", "dimensions": 8]))[0]
    #expect(short.count == 8)
    let length = whole.prefix(8).reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (value, other) in zip(short, whole) { #expect(abs(value - other / length) < 1e-5) }
    let bare = vectors(try await server.post(Self.embeddings, ["input": "a", "dimensions": 8, "normalize": false]))[0]
    #expect(bare != short)
  }

  @Test(arguments: [
    (#""input":"""#, 200), (#""input":[]"#, 400), (#""input":1"#, 400), (#""input":null"#, 400), (#""input":{}"#, 400),
    (#""input":[[]]"#, 400), (#""input":["a",null]"#, 400), (#""input":[-1]"#, 400), (#""input":[999999]"#, 400),
    (#""input":["a",[1.5]]"#, 400), (#""input":"a","encoding_format":"hex"#, 400),
    (#""input":"a","dimensions":0"#, 400),
    (#""input":"a","dimensions":65"#, 400), (#""input":"a","dimensions":"8""#, 400),
    (#""input":"a","pooling":"max""#, 400), (#""input":"a","truncate_prompt_tokens":4"#, 400),
  ])
  func `Wrong inputs are refused by name`(_ fields: String, _ status: Int) async throws {
    let server = try TestServer(await TestModel.embedding())
    let reply = try await server.post(Self.embeddings, "{\(fields)}")
    #expect(reply.status == status)
    #expect(status == 200 || reply.isAPIError)
  }

  @Test func `Long texts, and more of them than a reply may have, are refused`() async throws {
    let server = try TestServer(await TestModel.embedding()) { $0.limits.vectorValues = 64 * 3 }
    let long = JSONValue.string(String(repeating: "monster ", count: 500))
    let refused = try await server.post(Self.embeddings, ["input": ["a", long]])
    #expect(refused.status == 400 && refused.json["error"]?["param"] == "input")
    let cut = try await server.post(Self.embeddings, ["input": long, "truncate_prompt_tokens": -1])
    #expect(cut.status == 200 && cut.json["usage"]?["total_tokens"] == 512)
    #expect(try await server.post(Self.embeddings, ["input": ["a", "b", "c"]]).status == 200)
    #expect(try await server.post(Self.embeddings, ["input": ["a", "b", "c", "d"]]).status == 400)
    let many = JSONValue.array(Array(repeating: "a", count: 2049))
    #expect(try await server.post(Self.embeddings, ["input": many]).status == 400)
  }

  @Test func `A model that generates text needs a pooling, and each model is asked for what it does`() async throws {
    let generator = try TestServer(await TestModel.quick())
    let refused = try await generator.post(Self.embeddings, ["input": "a"])
    #expect(refused.status == 400 && refused.json["error"]?["param"] == "model")
    #expect(try await generator.post(Self.embeddings, ["input": "a", "pooling": "last"]).status == 200)
    #expect(try await generator.post("/rerank", ["query": "a", "documents": ["b"]]).status == 400)
    let embedder = try TestServer(await TestModel.embedding())
    let text = try await embedder.post("/v1/completions", ["prompt": "a"])
    #expect(text.status == 400 && text.json["error"]?["param"] == "model")
  }

  @Test func `Documents are ranked, best first, in the shape of each client`() async throws {
    let server = try TestServer(await TestModel.ranking())
    let documents = ["Bamboo.", "A bear.", "Nothing of that"]
    let scores = try await server.model.rank("Pandas?", documents).map(\.score)
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let list = JSONValue.array(documents.map(JSONValue.string))
    for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
      let reply = try await server.post(path, ["query": "Pandas?", "documents": list, "top_n": 2])
      let results = reply.json["results"]?.elements ?? []
      #expect(results.map { $0["index"] } == order.prefix(2).map { .int($0) })
      #expect(results.first?["document"] == ["text": .string(documents[order[0]])])
      #expect(results.first?["relevance_score"]?.value.map { Float($0) } == scores[order[0]])
    }
    let objects = JSONValue.array(documents.map { ["text": .string($0)] })
    let bare = try await server.post(
      "/rerank", ["query": "Pandas?", "documents": objects, "return_documents": false])
    #expect(bare.json["results"]?.elements?.count == 3 && bare.json["results"]?.elements?.first?["document"] == nil)
    let inference = try await server.post("/rerank", ["query": "Pandas?", "texts": list])
    #expect(inference.json.elements?.map { $0["index"] } == order.map { .int($0) })
    #expect(inference.json.elements?.first?["score"] != nil && inference.json.elements?.first?["text"] == nil)
  }

  @Test func `Pairs are scored, one with many or each with its own`() async throws {
    let server = try TestServer(await TestModel.ranking())
    let one = try await server.post("/score", ["text_1": "a", "text_2": ["b", "c"]])
    #expect(one.json["data"]?.elements?.count == 2)
    let pairs = try await server.post("/v1/score", ["queries": ["a", "x"], "documents": ["b", "c"]])
    #expect(pairs.json["data"]?.elements?[0]["score"] == one.json["data"]?.elements?[0]["score"])
    #expect(pairs.json["data"]?.elements?[1]["score"] != one.json["data"]?.elements?[1]["score"])
    #expect(try await server.post("/score", ["text_1": ["a", "b"], "text_2": ["c"]]).status == 400)
    let embedder = try TestServer(await TestModel.embedding())
    let cosine = try await embedder.post("/score", ["text_1": "a", "text_2": ["a", "b"]])
    let values = cosine.json["data"]?.elements?.compactMap { $0["score"]?.value } ?? []
    #expect(values.count == 2 && abs(values[0] - 1) < 1e-5 && values[1] < values[0])
  }

  @Test(arguments: [
    "{}", #"{"query":"a"}"#, #"{"query":1,"documents":["a"]}"#, #"{"query":"a","documents":[]}"#,
    #"{"query":"a","documents":[1]}"#, #"{"query":"a","documents":[{"text":1}]}"#, #"{"query":"a","documents":"b"}"#,
    #"{"query":"a","documents":["b"],"top_n":0}"#, #"{"query":"a","documents":["b"],"top_n":"x"}"#, "[]", "null",
    #"{"query":"a","texts":[{}]}"#, #"{"query":"a","documents":["b"],"raw_scores":1}"#,
  ])
  func `Wrong rankings are refused`(_ body: String) async throws {
    let server = try TestServer(await TestModel.ranking())
    for path in ["/rerank", "/score"] {
      let reply = try await server.post(path, body)
      #expect(reply.status == 400 && reply.isAPIError, "\(path) \(body)")
    }
  }
}
