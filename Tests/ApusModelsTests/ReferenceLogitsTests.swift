internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite struct `Logits and the reference` {
  @Test(arguments: SyntheticReference.all)
  func `agree on every position of the synthetic models`(reference: SyntheticReference) throws {
    let file = try GGUFFile.open(path: reference.path)
    let runner = try ModelRunner(file, makeBackend(), positions: reference.positions)
    let expected = try floats(in: reference.logits)
    // The file has the last positions, or all.
    let first = reference.ids.count - expected.count / reference.n_vocab
    var comparison = LogitComparison()
    try runner.forEachLogits(reference.ids) { position, logits in
      guard position >= first else { return }
      let row = (position - first) * reference.n_vocab
      comparison.add(logits, reference: expected[row..<row + reference.n_vocab])
    }
    #expect(comparison.divergences.count == reference.ids.count - first)
    LogitLimits(for: file).check(comparison, reference.file)
  }

  @Test(arguments: SyntheticReference.all)
  func `agree on the greedy continuation of the synthetic models`(reference: SyntheticReference) throws {
    let file = try GGUFFile.open(path: reference.path)
    let runner = try ModelRunner(file, makeBackend(), positions: reference.positions)
    let expected = reference.greedy_from_first_8_ids
    let greedy = try runner.greedy(Array(reference.ids.prefix(8)), count: expected.count)
    LogitLimits(for: file).check(greedy: greedy, reference: expected, gaps: reference.greedy_gap)
  }

  @Test(arguments: SyntheticReference.refused)
  func `models with recurrent layers that are not computed are refused by name`(reference: SyntheticReference) throws {
    let error = #expect(throws: ModelError.self) { try ModelFile(path: reference.path) }
    #expect(error?.description.contains("recurrent layers") == true)
  }

  @Test(arguments: PromptReference.all)
  func `agree on prompts and their greedy continuations`(reference: PromptReference) throws {
    let file = try GGUFFile.open(path: ModelFiles.requirePath(of: reference.model))
    let limits = LogitLimits(for: file)
    let folder = try #require(TestData.folder)
    let expected = try floats(in: folder.appendingPathComponent("logits/\(reference.logitsFile)"))
    let runner = try ModelRunner(file, makeBackend(), positions: 1024)
    var comparison = LogitComparison()
    for prompt in reference.cases {
      runner.reset()
      var likelihood = 0.0
      try runner.forEachLogits(prompt.ids) { position, logits in
        check(logits, best: prompt.argmax_each_position[position], limits)
        if position + 1 < prompt.ids.count {
          likelihood += negativeLogLikelihood(logits, prompt.ids[position + 1])
        } else {
          let row = prompt.logits_row * reference.n_vocab
          comparison.add(logits, reference: expected[row..<row + reference.n_vocab])
        }
      }
      // A prompt is too short for the limit on a mean: allow what one token may differ by, spread over it.
      let expectedLikelihood = prompt.prompt_token_nll.reduce(0, +)
      #expect(abs(likelihood - expectedLikelihood) < Double(limits.gap) * Double(prompt.ids.count).squareRoot())
      runner.reset()
      let greedy = try runner.greedy(prompt.ids, count: prompt.greedy_ids.count)
      limits.check(greedy: greedy, reference: prompt.greedy_ids, gaps: prompt.greedy_top1_minus_top2)
    }
    limits.check(comparison, reference.model)
  }

  /// Where ours has another best token than the reference, it must hold the two for nearly equal.
  private func check(_ logits: ArraySlice<Float>, best: Int, _ limits: LogitLimits) {
    let ours = logits[logits.startIndex + bestIndex(logits)]
    #expect(ours - logits[logits.startIndex + best] < limits.gap)
  }

  @Test(arguments: PerplexityReference.all)
  func `agree on the likelihood of a long text`(reference: PerplexityReference) throws {
    let file = try GGUFFile.open(path: ModelFiles.requirePath(of: reference.model))
    let runner = try ModelRunner(file, makeBackend(), positions: reference.ids.count, maxBatchRows: 128)
    var sum = 0.0
    try runner.forEachLogits(reference.ids.dropLast(), chunk: 128) { position, logits in
      sum += negativeLogLikelihood(logits, reference.ids[position + 1])
    }
    let mean = sum / Double(reference.token_nll.count)
    #expect(abs(mean - reference.mean_nll) < LogitLimits(for: file).meanLikelihoodDifference)
  }

  @Test(arguments: PromptReference.all)
  func `of float models give the very text`(reference: PromptReference) throws {
    let loaded = try loadModel(path: ModelFiles.requirePath(of: reference.model), backend: makeBackend())
    let isDense = loaded.file.tensors.allSatisfy { $0.format?.isDense == true }
    for prompt in reference.cases {
      let ids = loaded.tokenizer.encode(
        prompt.prompt, addSpecial: reference.bos_prepended != nil, parseSpecial: prompt.parse_special)
      #expect(ids == prompt.ids)
      guard isDense else { continue }
      let runner = try ModelRunner(loaded.file, makeBackend(), positions: 1024)
      let greedy = try runner.greedy(ids, count: prompt.greedy_ids.count)
      #expect(greedy == prompt.greedy_ids)
      let text = loaded.tokenizer.decode(greedy, renderSpecial: true, continuing: true)
      #expect(String(decoding: text, as: UTF8.self).utf8.elementsEqual(prompt.greedy_text.utf8))
    }
  }
}
