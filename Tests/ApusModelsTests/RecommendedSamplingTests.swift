internal import ApusGGUF
internal import ApusModels
internal import ApusSampling
internal import ApusTestSupport
internal import Testing

struct RecommendedSamplingTests {
  /// What is read of a file with `change`, and what is said of it.
  private func read(
    _ change: @escaping (inout GGUFWriter) throws -> Void
  ) throws -> (options: SamplingOptions, findings: [String]) {
    let folder = try TemporaryFolder()
    let path = folder.path("tiny.gguf")
    try TinyFile(change: change).write(to: path)
    let sampling = RecommendedSampling(try GGUFFile.open(path: path).metadata)
    return (sampling.options, ModelWarning.warnings(about: sampling, path: path).map(\.finding))
  }

  @Test func `A file that recommends nothing gives the defaults`() throws {
    let (options, findings) = try read { _ in }
    #expect(options == SamplingOptions())
    #expect(findings.isEmpty)
  }

  @Test func `All keys are read, numbers of any type as a person would write them`() throws {
    let (options, findings) = try read { writer in
      writer.set("general.sampling.temp", Float(0.7))
      writer.set("general.sampling.top_k", Int32(20))
      writer.set("general.sampling.top_p", 0.8)
      writer.set("general.sampling.min_p", UInt32(0))
      writer.set("general.sampling.xtc_probability", Float(0.25))
      writer.set("general.sampling.xtc_threshold", Float(0.2))
      writer.set("general.sampling.penalty_last_n", Int32(-1))
      writer.set("general.sampling.penalty_repeat", Float(1.05))
      writer.set("general.sampling.mirostat", UInt32(2))
      writer.set("general.sampling.mirostat_tau", Float(4))
      writer.set("general.sampling.mirostat_eta", Float(0.2))
      writer.set("general.sampling.sequence", "penalties;top_k;temperature")
    }
    var expected = SamplingOptions()
    (expected.temperature, expected.topK, expected.topP, expected.minP) = (0.7, 20, 0.8, 0)
    (expected.xtcProbability, expected.xtcThreshold) = (0.25, 0.2)
    (expected.penaltyLastN, expected.repetitionPenalty) = (-1, 1.05)
    (expected.mirostat, expected.mirostatTau, expected.mirostatEta) = (2, 4, 0.2)
    expected.order = ["penalties", "top_k", "temperature"]
    #expect(options == expected)
    #expect(findings.isEmpty)
  }

  @Test func `What is of no use is named, and the default taken`() throws {
    let (options, findings) = try read { writer in
      writer.set("general.sampling.temp", Float.nan)
      writer.set("general.sampling.top_k", Int64.max)
      writer.set("general.sampling.top_p", "much")
      writer.set("general.sampling.min_p", Float(0.02))
      writer.set("general.sampling.mirostat", Int32(7))
      writer.set("general.sampling.sequence", String(repeating: "top_k;", count: 100_000))
    }
    var expected = SamplingOptions()
    expected.minP = 0.02
    #expect(options == expected)
    #expect(findings.count == 5)
    for (finding, name) in zip(findings, ["temp", "top_k", "top_p", "mirostat", "sequence"]) {
      #expect(finding.contains("general.sampling.\(name) is no value of use"))
    }
  }
}
