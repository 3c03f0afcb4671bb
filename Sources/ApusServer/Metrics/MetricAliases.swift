/// What dashboards for vLLM and llama.cpp read, made of our own samples.
enum MetricAliases {
  /// vLLM's names, whose model is called `model_name`, and ours.
  private static let virtual: [(name: String, own: String)] = [
    ("vllm:num_requests_running", "apus_running_requests"), ("vllm:num_requests_waiting", "apus_queued_requests"),
    ("vllm:kv_cache_usage_perc", "apus_kv_usage"), ("vllm:prefix_cache_queries", "apus_prompt_tokens"),
    ("vllm:prefix_cache_hits", "apus_cached_prompt_tokens"), ("vllm:prompt_tokens", "apus_prompt_tokens"),
    ("vllm:generation_tokens", "apus_completion_tokens"), ("vllm:num_preemptions", "apus_preemptions"),
    ("vllm:spec_decode_num_draft_tokens", "apus_proposed_tokens"),
    ("vllm:spec_decode_num_accepted_tokens", "apus_accepted_tokens"),
    ("vllm:request_success", "apus_completions"), ("vllm:request_prompt_tokens", "apus_request_prompt_tokens"),
    ("vllm:request_generation_tokens", "apus_request_completion_tokens"),
    ("vllm:time_to_first_token_seconds", "apus_time_to_first_token"),
    ("vllm:inter_token_latency_seconds", "apus_time_per_token"),
    ("vllm:time_per_output_token_seconds", "apus_time_per_token"),
    ("vllm:e2e_request_latency_seconds", "apus_request_time"), ("vllm:request_queue_time_seconds", "apus_queue_time"),
    ("vllm:request_prefill_time_seconds", "apus_prefill_time"),
    ("vllm:request_decode_time_seconds", "apus_decode_time"),
  ]

  /// vLLM's names for dimensions, where they are others.
  private static let dimensions = ["model": "model_name", "end": "finished_reason"]

  /// llama.cpp's names, which have no dimensions, and ours, of whose samples they are the sum.
  private static let llama: [(name: String, kind: MetricSeries.Kind, own: String)] = [
    ("llamacpp:prompt_tokens_total", .counter, "apus_computed_prompt_tokens"),
    ("llamacpp:prompt_seconds_total", .counter, "apus_prefill_time"),
    ("llamacpp:tokens_predicted_total", .counter, "apus_completion_tokens"),
    ("llamacpp:tokens_predicted_seconds_total", .counter, "apus_decode_time"),
    ("llamacpp:requests_processing", .gauge, "apus_running_requests"),
    ("llamacpp:requests_deferred", .gauge, "apus_queued_requests"),
    ("llamacpp:n_decode_total", .counter, "apus_steps"),
    ("llamacpp:spec_decode_num_draft_tokens_total", .counter, "apus_proposed_tokens"),
    ("llamacpp:spec_decode_num_accepted_tokens_total", .counter, "apus_accepted_tokens"),
  ]

  /// The samples under their other names.
  static func samples(of own: [MetricSample]) -> [MetricSample] {
    let byLabel = Dictionary(grouping: own, by: \.label)
    let renamed = virtual.flatMap { alias in
      (byLabel[alias.own] ?? []).map { sample in
        var sample = sample
        sample.label = alias.name
        for index in stride(from: 0, to: sample.dimensions.count, by: 2) {
          sample.dimensions[index] = dimensions[sample.dimensions[index]] ?? sample.dimensions[index]
        }
        return sample
      }
    }
    func sum(_ label: String) -> Double { (byLabel[label] ?? []).reduce(0) { $0 + $1.value.number } }
    let summed = llama.map { alias in gauge(alias.name, sum(alias.own), alias.kind) }
    func rate(_ count: Double, _ seconds: Double) -> Double { seconds > 0 ? count / seconds : 0 }
    return renamed + summed + [
      gauge("llamacpp:prompt_tokens_seconds", rate(sum("apus_computed_prompt_tokens"), sum("apus_prefill_time"))),
      gauge("llamacpp:predicted_tokens_seconds", rate(sum("apus_completion_tokens"), sum("apus_decode_time"))),
    ]
  }

  private static func gauge(_ name: String, _ value: Double, _ kind: MetricSeries.Kind = .gauge) -> MetricSample {
    MetricSample(label: name, dimensions: [], kind: kind, value: MetricSeries.Value(number: value))
  }
}
