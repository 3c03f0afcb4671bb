internal import HTTPTypes
internal import Hummingbird

/// `GET /metrics`: what is measured, for Prometheus.
struct MetricsPage: Sendable {
  let service: ModelService

  var routes: [Route] {
    [Route(.get, "/metrics", Routes.standardDialect) { page($0, $1) }.described(.metrics)]
  }

  /// What the client's key may know: of its models, and for operators what the machine costs.
  private func page(_ request: Request, _ context: APIRequestContext) -> Response {
    let key = context.key
    let cost = key?.isAdmin ?? true ? service.cost()?.samples ?? [] : []
    let process = ProcessUsage.now.samples(started: service.started)
    let text = service.registry.text(beside: cost + process) { key?.sees(model: $0) ?? true }
    return Response(
      status: .ok, headers: [.contentType: PrometheusText.contentType],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

extension MetricsRegistry {
  /// All that is measured, also under the names of others, in Prometheus' text format.
  package var text: String { text(beside: []) { _ in true } }

  /// The same of those models alone that `isKnown` names, with other samples beside it.
  func text(beside others: [MetricSample], ofModels isKnown: (String) -> Bool) -> String {
    let own = samples.filter { sample in sample.model.map(isKnown) ?? true }
    return PrometheusText(own + others + MetricAliases.samples(of: own), help: MetricNames.help).text
  }
}

extension MetricSample {
  /// The model that it is of.
  fileprivate var model: String? {
    stride(from: 0, to: dimensions.count - 1, by: 2).first { dimensions[$0] == "model" }.map { dimensions[$0 + 1] }
  }
}

/// What our own measures mean; Docs/Metrics.md says more.
enum MetricNames {
  static let help = [
    "apus_queued_requests": "Completions that wait.", "apus_running_requests": "Completions that are worked on.",
    "apus_kv_blocks_used": "KV blocks of running completions.",
    "apus_kv_blocks_cached": "KV blocks kept for prompts to come.",
    "apus_kv_usage": "The share of all KV blocks that running completions use.",
    "apus_requests": "Requests to the engine, by how they ended there.",
    "apus_completions": "Completions of answers, by how they ended.",
    "apus_variant_requests": "Requests for a name that models share, by the model that was chosen.",
    "apus_prompt_tokens": "Tokens of prompts.",
    "apus_cached_prompt_tokens": "Prompt tokens known from earlier prompts.",
    "apus_computed_prompt_tokens": "Prompt tokens that were computed.", "apus_completion_tokens": "Tokens produced.",
    "apus_proposed_tokens": "Tokens guessed.", "apus_accepted_tokens": "Guessed tokens that came true.",
    "apus_prefix_hits": "Prompts that began like something kept.", "apus_prefix_misses": "Prompts that did not.",
    "apus_kv_block_evictions": "Kept KV blocks given up for others.",
    "apus_preemptions": "Completions that gave their KV blocks to a more urgent one.",
    "apus_steps": "Forward passes.", "apus_step_time": "Forward passes, by what their rows are of.",
    "apus_time_to_first_token": "From a request to its first token.",
    "apus_time_per_token": "From a token to the next one.", "apus_request_time": "From a request to its end.",
    "apus_queue_time": "Waiting for others.", "apus_prefill_time": "From the first step to the first token.",
    "apus_decode_time": "From the first token to the end.",
    "apus_request_prompt_tokens": "Tokens of a prompt.", "apus_request_completion_tokens": "Tokens of a completion.",
    "apus_instance_dollars_per_hour": "What the machine costs, as the operator said.",
    "apus_cost_dollars": "What the machine has cost: for all time since the start, and for the time it computed.",
    "apus_cost_per_million_tokens": "That by the tokens of prompts and completions, for a million.",
    "apus_cost_per_million_completion_tokens": "That by the tokens of completions alone.",
    "apus_cache_hits": "Completions that the response cache had.",
    "apus_cache_misses": "Completions that it could have had, and had not.",
    "apus_cache_errors": "Times that it did not work.", "apus_cache_bytes": "Bytes that it takes of the memory.",
    "http_requests": "Requests, by path, method and status.",
    "process_cpu_seconds": "Seconds of processors.", "process_resident_memory_bytes": "Bytes of memory that it holds.",
    "process_virtual_memory_bytes": "Bytes of memory that it has addresses for.",
    "process_open_fds": "Open file descriptors.", "process_start_time_seconds": "When the server started.",
  ]
}
