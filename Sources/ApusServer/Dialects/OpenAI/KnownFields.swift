/// Names of fields that stand for others, or that are not read.
///
/// What is honoured is what `GenerationFields`, `SamplingFields` and the two requests read. Any other field that stands
/// in none of these lists is named in the answer's `X-Apus-Ignored-Fields`. Docs/Fields.md tells users.
enum KnownFields {
  /// Names of the most tokens of a completion: OpenAI's, then those of other dialects.
  static let completionLimits = [
    "max_completion_tokens", "max_tokens", "max_new_tokens", "max_output_tokens", "max_tokens_to_sample", "max_token",
  ]
  /// Names of the same in llama.cpp and Ollama, where −1 and −2 are no limit.
  static let openCompletionLimits = ["n_predict", "num_predict"]
  /// Names of the texts that end a completion.
  static let stops = ["stop", "stop_sequences", "stop_sequence", "stop_strings", "stopping_strings"]
  static let seeds = ["seed", "random_seed"]
  /// Objects whose members other dialects write where OpenAI has them beside the prompt: Ollama, Hugging Face, and
  /// what the `openai` client for Python takes them from.
  static let nested = ["options", "parameters", "extra_body"]

  /// Fields that change nothing of an answer here, and are not looked at: how it is scheduled or cached.
  ///
  /// What says for whom it is must be of its type: `checkLabels`.
  static let harmless = [
    "prompt_cache_options", "prompt_cache_retention", "request_id", "priority", "id_slot", "slot_id", "keep_alive",
    "timings_per_token", "return_progress", "details", "length_penalty",
  ]
  /// The same within a message: an identity, or a hint for a cache.
  static let harmlessInMessage = ["id", "tool_call_id", "cache_control", "annotations"]
  static let harmlessInPart = ["cache_control", "annotations"]
  static let harmlessInStreamOptions = ["include_obfuscation"]

  /// Fields that would make another answer, and that no answer comes without.
  static let unsupported = ["chat_template", "audio", "web_search_options", "negative_prompt", "guidance_scale"]
}
