internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Metrics
internal import Testing

/// `/metrics`, as Prometheus reads it.
struct MetricsPageTests {
  /// The samples of a page by their names and dimensions; an issue where a line is none.
  private func samples(_ text: String) -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
        Issue.record("\(line)")
        continue
      }
      #expect(samples.updateValue(value, forKey: String(line[..<space])) == nil, "\(line) stands twice")
    }
    return samples
  }

  @Test func `What the process takes is read from the kernel's texts, whatever its name`() {
    let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 4 0 12345 1000000 200"
    let usage = ProcessUsage(
      stat: stat, status: "Name:\ta\nVmSize:\t    2048 kB\nVmRSS:\t   1024 kB\n", openDescriptors: 9)
    #expect(usage.processorTime == 2 && usage.openDescriptors == 9)
    #expect(usage.residentBytes == 1 << 20 && usage.virtualBytes == 2 << 20)
    let nothing = ProcessUsage(stat: "", status: "VmRSS: much", openDescriptors: nil)
    #expect(nothing.processorTime == nil && nothing.residentBytes == nil && nothing.virtualBytes == nil)
  }

  @Test func `The page tells what the process takes`() async throws {
    let server = try TestServer(await TestModel.quick())
    let samples = samples(try await server.send(.get, "/metrics").text)
    #expect(samples["process_start_time_seconds"] == 1_700_000_000)
    #if os(Linux)
      #expect(samples["process_resident_memory_bytes"] ?? 0 > 1_000_000)
      #expect(samples["process_cpu_seconds_total"] ?? 0 > 0 && samples["process_open_fds"] ?? 0 > 2)
    #endif
  }

  @Test func `Tokens, ends and times are told under our names, vLLM's and llama.cpp's`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "tiny \"1\"")
    let reply = try await server.post("/v1/completions", #"{"prompt":"the","max_tokens":7,"ignore_eos":true,"n":2}"#)
    let prompt = try #require(reply.json["usage"]?["prompt_tokens"]?.value)
    // The engine says what it has done once its step is over, which may be after the answer.
    for _ in 0..<200 where server.model.engine.health.running != 0 { try await Task.sleep(for: .milliseconds(10)) }
    await server.model.drain()
    let page = try await server.send(.get, "/metrics")
    #expect(page.status == 200 && page.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
    let samples = samples(page.text)
    let (own, virtual) = (#"{model="tiny \"1\""}"#, #"{model_name="tiny \"1\""}"#)
    #expect(samples["apus_completion_tokens_total" + own] == 14)
    #expect(samples["vllm:generation_tokens_total" + virtual] == 14)
    #expect(samples["llamacpp:tokens_predicted_total"] == 14)
    #expect(samples["apus_prompt_tokens_total" + own] == prompt * 2)
    #expect(samples[#"apus_completions_total{model="tiny \"1\"",end="length"}"#] == 2)
    #expect(samples[#"vllm:request_success_total{model_name="tiny \"1\"",finished_reason="length"}"#] == 2)
    #expect(samples["vllm:num_requests_running" + virtual] == 0 && samples["vllm:kv_cache_usage_perc" + virtual] == 0)
    #expect(samples["apus_request_completion_tokens_count" + own] == 2)
    #expect(samples["apus_request_completion_tokens_sum" + own] == 14)
    #expect(samples[#"vllm:request_generation_tokens_bucket{model_name="tiny \"1\"",le="5"}"#] == 0)
    #expect(samples[#"vllm:request_generation_tokens_bucket{model_name="tiny \"1\"",le="10"}"#] == 2)
    #expect(samples[#"vllm:e2e_request_latency_seconds_bucket{model_name="tiny \"1\"",le="+Inf"}"#] == 2)
    #expect((samples["llamacpp:predicted_tokens_seconds"] ?? 0) > 0)
    let handled = #"{handler="/v1/completions",method="POST",status="2xx"}"#
    #expect(samples["http_requests_total" + handled] == 1)
  }

  @Test func `What clients make up makes no series`() async throws {
    let server = try TestServer(await TestModel.quick())
    for number in 0..<20 {
      _ = try await server.send(.get, "/x\(number)")
      _ = try await server.post("/v1/completions", #"{"prompt":"a","model":"m\#(number)","max_tokens":1}"#)
      if let method = HTTPRequest.Method("M\(number)") { _ = try await server.send(method, "/health") }
    }
    let text = try await server.send(.get, "/metrics").text
    #expect(!text.contains("m19") && !text.contains("x19") && !text.contains("M19"))
    #expect(samples(text)[#"http_requests_total{handler="none",method="GET",status="4xx"}"#] == 20)
  }

  @Test func `A key is needed where others need one`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["k"] }
    #expect(try await server.send(.get, "/metrics").status == 401)
    #expect(try await server.send(.get, "/metrics", headers: [.authorization: "Bearer k"]).status == 200)
  }

  @Test func `Series are one for each label with its dimensions, and bounded`() {
    let registry = MetricsRegistry()
    for _ in 0..<2 { Counter(label: "a", dimensions: [("x", "1")], factory: registry).increment(by: 2) }
    Meter(label: "b", factory: registry).set(1.5)
    Timer(label: "c", factory: registry).recordMilliseconds(30)
    for number in 0..<10_000 { Counter(label: "d", dimensions: [("x", "\(number)")], factory: registry).increment() }
    #expect(registry.text.contains("# TYPE a_total counter\na_total{x=\"1\"} 4\n"))
    #expect(registry.text.contains("# TYPE b gauge\nb 1.5\n"))
    #expect(registry.text.contains("c_seconds_bucket{le=\"0.025\"} 0\nc_seconds_bucket{le=\"0.05\"} 1\n"))
    #expect(registry.text.contains("c_seconds_sum 0.03\nc_seconds_count 1\n"))
    #expect(registry.text.utf8.count < 200_000)
  }
}
