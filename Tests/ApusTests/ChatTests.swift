internal import Apus
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusText
internal import ApusTokenizers
internal import Foundation
internal import Testing

struct ChatTests {
  private let tiny: TestModel

  init() throws { tiny = try TestModel() }

  /// The tiny model with a chat template of the test's own.
  private func model(template: String) async throws -> Model {
    let plain = try await tiny.load()
    let format = ChatFormat(template: .text(template), plain.tokenizer.vocabulary, localTime: { nil })
    return Model(
      path: plain.path, information: plain.information, engine: plain.engine, tokenizer: plain.tokenizer,
      chatFormat: format,
      identity: plain.identity)
  }

  @Test func `A conversation is rendered by the template and answered`() async throws {
    let model = try await model(template: "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}Answer:")
    let messages: [ChatMessage] = [.system("Be kind."), .user("Hello."), .assistant("Hi."), .user("Go on.")]
    let prompt = try model.renderChat(messages)
    #expect(prompt == "system: Be kind.\nuser: Hello.\nassistant: Hi.\nuser: Go on.\nAnswer:")
    let answer = try await model.chat(messages, options: .greedy(12))
    let raw = try await model.complete(prompt, options: .greedy(12))
    #expect(answer.text == raw.text && answer.usage.promptTokens == raw.usage.promptTokens)
    #expect(try await model.streamChat(messages, options: .greedy(12)).completion().text == answer.text)
  }

  @Test func `A template that writes BOS itself gets no second one`() async throws {
    let with = try await model(template: "{{ bos_token }}{{ messages[0].content }}")
    let without = try await model(template: "{{ messages[0].content }}")
    let bos = try #require(with.tokenizer.vocabulary[.beginningOfSequence])
    for model in [with, without] {
      let tokens = try model.chatTokens([.user("Once upon")])
      #expect(tokens.first == bos)
      #expect(tokens.count { $0 == bos } == 1)
    }
  }

  @Test func `What a message says never becomes a control token`() async throws {
    let model = try await model(template: "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")
    let vocabulary = model.tokenizer.vocabulary
    let tokens = try model.chatTokens([.user("<s>Once</s><s>upon</s>")])
    #expect(tokens.count { vocabulary.kind(of: $0) == .control } == 2)
    #expect(model.detokenize(tokens).contains("<s>Once</s><s>upon</s>"))
    // A message that spells BOS at the start of the prompt does not stand for it.
    let plain = try await self.model(template: "{{ messages[0].content }}").chatTokens([.user("<s>Once")])
    #expect(plain.first == vocabulary[.beginningOfSequence])
    #expect(plain.count { vocabulary.kind(of: $0) == .control } == 1)
  }

  @Test func `A model without a template says so, and one with a broken template still completes`() async throws {
    let plain = try TestModel { $0.chatTemplate = nil }
    let without = try await plain.load()
    #expect(throws: ApusError.noChatTemplate) { _ = try without.renderChat([.user("Hello.")]) }
    let broken = try await model(template: "{% for %}")
    guard case .refused? = broken.chatFormat?.support else { Issue.record("a broken template is taken"); return }
    let error = #expect(throws: ApusError.self) { _ = try broken.renderChat([.user("Hello.")]) }
    guard case .chatTemplate = error else { Issue.record("\(String(describing: error))"); return }
    #expect(try await broken.complete("Once", options: .greedy(3)).usage.completionTokens == 3)
  }

  @Test func `What a template raises is an error with its words`() async throws {
    let model = try await model(template: "{{ raise_exception('roles must alternate') }}")
    let error = #expect(throws: ApusError.self) { _ = try model.streamChat([.user("a"), .user("b")]) }
    #expect(error?.description.contains("roles must alternate") == true)
  }

  @Test func `A vocabulary with ChatML's tokens and no template gets ChatML, others get none`() throws {
    for url in TestData.files(in: "tokenizers/vocab", suffix: ".gguf") {
      let vocabulary = try makeTokenizer(GGUFFile.open(path: url.path)).vocabulary
      let knowsChatML = vocabulary.token(of: "<|im_start|>") != nil && vocabulary.token(of: "<|im_end|>") != nil
      let format = ChatFormat(template: .absent, vocabulary, localTime: { nil })
      #expect((format != nil) == knowsChatML)
      guard let format else { continue }
      let text = try format.render([.system("A"), .user("B")]).string
      #expect(text == "<|im_start|>system\nA<|im_end|>\n<|im_start|>user\nB<|im_end|>\n<|im_start|>assistant\n")
    }
  }

  @Test func `Text survives tokens and back`() async throws {
    let model = try await tiny.load()
    let text = "Once upon a time, there was a häppy 🐕."
    let tokens = model.tokenize(text)
    #expect(model.detokenize(tokens) == text)
    let joined = tokens.dropFirst().flatMap { model.bytes(of: $0) }
    #expect(String(decoding: joined, as: UTF8.self).hasSuffix("🐕."))
  }
}
