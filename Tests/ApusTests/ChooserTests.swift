internal import Apus
internal import ApusCore
internal import ApusSampling
internal import Testing

struct ChooserTests {
  private let logits: [Float] = [1, 4, 3, 2]

  private func chooser(_ options: SamplingOptions = .greedy, top: Int? = nil) throws -> Chooser {
    Chooser(try Sampler(options, seed: 1, vocabularySize: 4), topLogProbabilities: top)
  }

  @Test func `What was accepted counts, and probabilities are the model's own`() throws {
    var options = SamplingOptions.greedy
    options.presencePenalty = 2
    var (chooser, workspace) = (try chooser(options, top: 2), Workspace())
    chooser.accept(1)
    let choice = try chooser.choose(logits.span, &workspace)
    #expect(choice.id == 2)
    let all = try LogProbabilities(of: logits.span)
    let probabilities = try #require(choice.logProbabilities)
    #expect(probabilities.chosen == all[2])
    #expect(probabilities.top.map(\.token) == [1, 2])
    #expect(probabilities.top.map(\.logProbability) == [all[1], all[2]])
  }
}
