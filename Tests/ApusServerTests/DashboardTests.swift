internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Foundation
internal import HTTPTypes
internal import Testing

/// Docs/Grafana.json asks for what the server measures, and nothing else.
struct DashboardTests {
  private static let page: [UInt8] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    return Array((try? Data(contentsOf: root.appending(path: "Docs/Grafana.json"))) ?? Data())
  }()

  /// Everything that is asked of Prometheus: expressions of panels, and queries of variables.
  private func questions() throws -> [String] {
    let board = try JSONParser.parse(Self.page)
    let targets = (board["panels"]?.elements ?? []).flatMap { $0["targets"]?.elements ?? [] }.map { $0["expr"] }
    let variables = (board["templating"]?["list"]?.elements ?? []).filter { $0["type"] == "query" }.map { $0["query"] }
    return (targets + variables).compactMap { if case .string(let text)? = $0 { text } else { nil } }
  }

  /// Names of metrics in an expression: all words that begin as ours do.
  private func names(_ text: String) -> [String] {
    text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != ":" }.map(String.init).filter { word in
      ["apus_", "http_", "vllm:", "llamacpp:"].contains { word.hasPrefix($0) }
    }
  }

  @Test func `Every metric that it asks for is one that the server has`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.instancePrice = 1 }
    #expect(try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":3,"ignore_eos":true}"#).status == 200)
    for _ in 0..<200 where server.model.engine.health.running != 0 { try await Task.sleep(for: .milliseconds(10)) }
    await server.model.drain()
    // A request counts when it has ended, and so the page does for the next.
    _ = try await server.send(.get, "/metrics")
    let samples = try await server.send(.get, "/metrics").text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    let known = Set(samples.map { String($0.prefix { $0 != "{" && $0 != " " }) })
    let asked = try questions().flatMap(names)
    #expect(asked.count > 30)
    for name in Set(asked).sorted() { #expect(known.contains(name), "\(name)") }
  }

  @Test func `Its panels are told apart, have words and lie beside each other`() throws {
    let panels = try #require(try JSONParser.parse(Self.page)["panels"]?.elements)
    #expect(Set(panels.compactMap { $0["id"]?.value }).count == panels.count)
    for panel in panels where panel["type"] != "row" {
      #expect(panel["description"] != nil && panel["targets"]?.elements?.isEmpty == false)
      let place = panel["gridPos"]
      #expect((place?["x"]?.value ?? 24) + (place?["w"]?.value ?? 24) <= 24)
    }
  }
}
