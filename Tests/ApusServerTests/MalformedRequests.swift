/// Bodies that are wrong, one way each; every one must be refused with a status of 4xx.
enum MalformedRequests {
  /// A body that is wrong for both generating paths.
  static let bodies: [[UInt8]] = texts.map { Array($0.utf8) } + invalidText

  private static let texts: [String] = [
    "", " ", "null", "true", "1", "\"prompt\"", "[]", "[{}]", "{", "}", "{}}", "{\"prompt\"}", "{\"prompt\":}",
    "{prompt:\"a\"}", "{'prompt':'a'}", "{\"prompt\":\"a\",}", "{\"prompt\":\"a\"} x", "{\"prompt\":\"a\"}{}",
    "{\"prompt\":\"a", "{\"prompt\":\"\\x\"}", "{\"prompt\":\"\\u12\"}", "{\"prompt\":\"\\ud800\"}",
    "{\"prompt\":\"\\udc00\\ud800\"}", "{\"prompt\":\"a\u{1}\"}", "{\"prompt\":\"a\",\"seed\":NaN}",
    "{\"prompt\":\"a\",\"temperature\":Infinity}", "{\"prompt\":\"a\",\"n\":01}", "{\"prompt\":\"a\",\"n\":1.}",
    "{\"prompt\":\"a\",\"n\":.5}", "{\"prompt\":\"a\",\"n\":+1}", "{\"prompt\":\"a\",\"n\":0x1}",
    "{\"prompt\":\"a\",\"temperature\":1e400}", "{\"prompt\":\"a\",\"n\":1e}", "{\"prompt\":\"a\",\"n\":--1}",
    "{\"prompt\":\"a\",\"stream\":True}", "{\"prompt\":\"a\",\"stop\":None}", "\u{FEFF}\u{FEFF}{\"prompt\":\"a\"}",
    "{\"prompt\":\"a\" /* comment */}", "hello", "<xml/>", "prompt=a&n=1",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    "{\"x\":" + nested(200) + ",\"prompt\":\"a\"}", "{\"x\":" + nested(128) + ",\"prompt\":\"a\"}",
    "{\"x\":[" + String(repeating: "1,", count: 600_000) + "1],\"prompt\":\"a\"}",
  ]

  private static let invalidText: [[UInt8]] = [
    [0xFF], [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
    Array("{\"prompt\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8),
    Array("{\"prompt\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8),
    Array("{\"prompt\":\"".utf8) + [0xC0, 0xAF] + Array("\"}".utf8),
    Array("{\"prompt\":\"".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("\"}".utf8), [UInt8](repeating: 0, count: 100),
    [0xFF, 0xFE] + Array("{\"prompt\":\"a\"}".utf8).flatMap { [$0, 0] },
  ]

  private static func nested(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  /// Fields that are wrong for both paths, with the parameter that the error must name.
  static let fields: [(json: String, parameter: String)] = wrongTypes + outOfRange + wrongLists

  private static let wrongTypes: [(String, String)] = {
    let notNumbers = ["true", "\"1\"", "[]", "{}", "[1]"]
    let notWhole = notNumbers + ["1.5", "1e30", "-1e300", "99999999999999999999"]
    var cases: [(String, String)] = [
      ("\"options\":\"x\"", "options"), ("\"parameters\":5", "parameters"), ("\"extra_body\":[1]", "extra_body"),
      ("\"user\":5", "user"), ("\"store\":\"yes\"", "store"), ("\"metadata\":\"a\"", "metadata"),
      ("\"metadata\":{\"a\":{\"b\":1}}", "metadata"), ("\"service_tier\":5", "service_tier"),
    ]
    cases += notWhole.filter { $0 != "\"1\"" }.map { ("\"seed\":\($0)", "seed") }
    for name in ["max_tokens", "n", "top_k", "min_tokens", "mirostat", "repeat_last_n"] {
      cases += notWhole.map { ("\"\(name)\":\($0)", name) }
    }
    for name in ["temperature", "top_p", "presence_penalty", "frequency_penalty", "min_p", "repetition_penalty"] {
      cases += notNumbers.map { ("\"\(name)\":\($0)", name) }
    }
    for name in ["stream", "ignore_eos", "use_beam_search", "cache_prompt"] {
      cases += ["1", "0", "\"true\"", "[]", "{}"].map { ("\"\(name)\":\($0)", name) }
    }
    for name in ["logit_bias", "stream_options", "response_format"] {
      cases += ["\"x\"", "1", "true", "[1]", "[[1,2]]"].map { ("\"stream\":true,\"\(name)\":\($0)", name) }
    }
    cases += ["1", "true", "{}", "[]"].map { ("\"model\":\($0)", "model") }
    return cases
  }()

  private static let outOfRange: [(String, String)] = [
    ("\"temperature\":-0.1", "temperature"), ("\"temperature\":2.01", "temperature"), ("\"top_p\":1.1", "top_p"),
    ("\"top_p\":-1", "top_p"), ("\"min_p\":2", "min_p"), ("\"presence_penalty\":2.5", "presence_penalty"),
    ("\"frequency_penalty\":-2.5", "frequency_penalty"), ("\"n\":0", "n"), ("\"n\":-1", "n"),
    ("\"n\":1000000000", "n"), ("\"max_tokens\":-1", "max_tokens"), ("\"top_k\":-2", "top_k"),
    ("\"repetition_penalty\":0", "repetition_penalty"), ("\"mirostat\":3", "mirostat"),
    ("\"dry_base\":0", "dry_base"), ("\"xtc_probability\":1.5", "xtc_probability"), ("\"best_of\":0", "best_of"),
    ("\"best_of\":1000000", "best_of"), ("\"min_tokens\":3,\"max_tokens\":2", "min_tokens"),
    ("\"prompt_logprobs\":21", "prompt_logprobs"), ("\"truncate_prompt_tokens\":0", "truncate_prompt_tokens"),
    ("\"stream\":true,\"prompt_logprobs\":1", "prompt_logprobs"),
    ("\"stream_options\":{}", "stream_options"),
    ("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "stream_options.include_usage"),
    ("\"response_format\":{}", "response_format.type"), ("\"response_format\":{\"type\":1}", "response_format.type"),
    ("\"response_format\":{\"type\":\"yaml\"}", "response_format.type"),
    ("\"model\":\"" + String(repeating: "m", count: 100_000) + "\"", "model"),
  ]

  private static let wrongLists: [(String, String)] = [
    ("\"stop\":1", "stop"), ("\"stop\":{}", "stop"), ("\"stop\":[1]", "stop"), ("\"stop\":\"\"", "stop"),
    ("\"stop\":[\"\"]", "stop"), ("\"stop\":[null]", "stop"), ("\"stop\":[[\"a\"]]", "stop"),
    ("\"stop_token_ids\":[-1]", "stop_token_ids"), ("\"stop_token_ids\":[1e9]", "stop_token_ids"),
    ("\"stop_token_ids\":\"a\"", "stop_token_ids"), ("\"stop_token_ids\":[999999]", "stop_token_ids"),
    ("\"logit_bias\":{\"a\":1}", "logit_bias"), ("\"logit_bias\":{\"-1\":1}", "logit_bias"),
    ("\"logit_bias\":{\"1.0\":1}", "logit_bias"), ("\"logit_bias\":{\"1\":101}", "logit_bias"),
    ("\"logit_bias\":{\"1\":\"x\"}", "logit_bias"), ("\"logit_bias\":{\"1\":null}", "logit_bias"),
    ("\"logit_bias\":{\"99999999999999999999\":1}", "logit_bias"), ("\"logit_bias\":{\"999999\":1}", "logit_bias"),
    ("\"logit_bias\":{\"+1\":1}", "logit_bias"), ("\"logit_bias\":{\"\":1}", "logit_bias"),
    ("\"logit_bias\":{" + (0..<100_000).map { "\"\($0)\":1" }.joined(separator: ",") + "}", "logit_bias"),
    ("\"dry_sequence_breakers\":[\"\"]", "dry_sequence_breakers"),
    ("\"dry_sequence_breakers\":5", "dry_sequence_breakers"), ("\"bad_words\":[1]", "bad_words"),
    ("\"bad_words\":\"x\"", "bad_words"), ("\"bad_words\":[\"\"]", "bad_words"),
    ("\"allowed_token_ids\":[]", "allowed_token_ids"), ("\"allowed_token_ids\":[-1]", "allowed_token_ids"),
    ("\"samplers\":[\"x\"]", "samplers"), ("\"samplers\":1", "samplers"),
  ]

  /// Prompts that are wrong.
  static let prompts: [String] = [
    "null", "1", "true", "{}", "[]", "[[]]", "[1.5]", "[-1]", "[\"a\",1]", "[1,\"a\"]", "[[1],\"a\"]", "[[\"a\"]]",
    "[null]", "[true]", "[999999]", "[[1],[999999]]", "[1e30]", "[[[1]]]", "[{}]",
    "[" + Array(repeating: "\"a\"", count: 65).joined(separator: ",") + "]",
    "[" + Array(repeating: "[1]", count: 5000).joined(separator: ",") + "]",
    "[" + Array(repeating: "1", count: 300).joined(separator: ",") + "]",
    "\"" + String(repeating: "word ", count: 200_000) + "\"",
  ]

  /// Messages that are wrong.
  static let messages: [String] = [
    "null", "1", "{}", "\"a\"", "[]", "[1]", "[null]", "[[]]", "[{}]", "[{\"role\":\"user\"}]", "[{\"content\":\"a\"}]",
    "[{\"role\":1,\"content\":\"a\"}]", "[{\"role\":\"king\",\"content\":\"a\"}]",
    "[{\"role\":\"\",\"content\":\"a\"}]",
    "[{\"role\":\"user\",\"content\":1}]", "[{\"role\":\"user\",\"content\":null}]",
    "[{\"role\":\"user\",\"content\":{}}]",
    "[{\"role\":\"user\",\"content\":[1]}]", "[{\"role\":\"user\",\"content\":[{}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"file:///etc/passwd\"}}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{}}]}]",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"magic\",\"text\":\"a\"}]}]",
    "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\"}]}]", "[{\"role\":\"assistant\",\"tool_calls\":1}]",
    "[" + Array(repeating: "{\"role\":\"user\",\"content\":\"a\"}", count: 2049).joined(separator: ",") + "]",
    "[{\"role\":\"user\",\"content\":\"" + String(repeating: "long ", count: 200_000) + "\"}]",
  ]

  /// Fields that are wrong for chat only.
  static let chatFields: [String] = [
    "\"logprobs\":3", "\"logprobs\":\"yes\"", "\"top_logprobs\":3", "\"logprobs\":true,\"top_logprobs\":21",
    "\"logprobs\":true,\"top_logprobs\":-1", "\"tools\":{}", "\"tools\":[1]", "\"tools\":\"a\"", "\"tool_choice\":3",
    "\"tool_choice\":\"maybe\"", "\"max_completion_tokens\":0", "\"max_completion_tokens\":true",
    "\"tools\":[" + Array(repeating: "{}", count: 129).joined(separator: ",") + "]", "\"functions\":[{}]",
    "\"reasoning_effort\":\"x\"", "\"function_call\":5", "\"function_call\":{\"name\":\"f\"}",
  ]

  /// Fields that are wrong for completions only.
  static let completionFields: [String] = [
    "\"logprobs\":21", "\"logprobs\":-1", "\"logprobs\":true", "\"echo\":1", "\"suffix\":\"x\"", "\"suffix\":1",
    "\"echo\":true,\"logprobs\":1,\"stream\":true", "\"best_of\":1,\"n\":2", "\"best_of\":3,\"stream\":true",
  ]
}
