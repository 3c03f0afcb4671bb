internal import ApusCore
internal import ApusSampling
internal import Testing

@Suite struct ParameterTests {
  /// A field with its name and its limits; `nudge` is the step over a limit.
  struct Field: Sendable, CustomStringConvertible {
    let description: String
    let range: ClosedRange<Double>
    var nudge = 0.001
    let set: @Sendable (inout SamplingOptions, Double) -> Void
  }

  static let whole = Double(Int32.max)

  static let fields = [
    Field(description: "temperature", range: 0...2) { $0.temperature = $1 },
    Field(description: "dynatemp_range", range: 0...2) { $0.dynamicTemperatureRange = $1 },
    Field(description: "dynatemp_exponent", range: 0...100) { $0.dynamicTemperatureExponent = $1 },
    Field(description: "top_p", range: 0...1) { $0.topP = $1 },
    Field(description: "min_p", range: 0...1) { $0.minP = $1 },
    Field(description: "typical_p", range: 0...1) { $0.typicalP = $1 },
    Field(description: "top_n_sigma", range: -1...100) { $0.topNSigma = $1 },
    Field(description: "xtc_probability", range: 0...1) { $0.xtcProbability = $1 },
    Field(description: "xtc_threshold", range: 0...1) { $0.xtcThreshold = $1 },
    Field(description: "repeat_penalty", range: 0.01...100) { $0.repetitionPenalty = $1 },
    Field(description: "frequency_penalty", range: -2...2) { $0.frequencyPenalty = $1 },
    Field(description: "presence_penalty", range: -2...2) { $0.presencePenalty = $1 },
    Field(description: "dry_multiplier", range: 0...100) { $0.dryMultiplier = $1 },
    Field(description: "dry_base", range: 1...100) { $0.dryBase = $1 },
    Field(description: "mirostat_tau", range: 0...100) { $0.mirostatTau = $1 },
    Field(description: "mirostat_eta", range: 0...1) { $0.mirostatEta = $1 },
    Field(description: "logit_bias", range: -100...100) { $0.logitBias = [3: $1] },
    Field(description: "min_keep", range: 0...whole, nudge: 1) { $0.minimumKept = Int($1) },
    Field(description: "top_k", range: -1...whole, nudge: 1) { $0.topK = Int($1) },
    Field(description: "repeat_last_n", range: -1...whole, nudge: 1) { $0.penaltyLastN = Int($1) },
    Field(description: "dry_allowed_length", range: 0...whole, nudge: 1) { $0.dryAllowedLength = Int($1) },
    Field(description: "dry_penalty_last_n", range: -1...whole, nudge: 1) { $0.dryPenaltyLastN = Int($1) },
    Field(description: "mirostat", range: 0...2, nudge: 1) { $0.mirostat = Int($1) },
  ]

  static func isAccepted(_ field: Field, _ value: Double) -> Bool {
    var parameters = SamplingOptions()
    field.set(&parameters, value)
    do throws(SamplingError) {
      return try parameters.validated() == parameters
    } catch {
      guard case .outOfRange(field.description, _, _, _) = error else { return true }
      #expect(error.description.contains("must be from"))
      return false
    }
  }

  @Test(arguments: fields) func `Values are accepted up to the limits and refused beyond`(field: Field) {
    for value in [field.range.lowerBound, field.range.lowerBound + field.nudge] {
      #expect(Self.isAccepted(field, value))
    }
    for value in [field.range.upperBound, field.range.upperBound - field.nudge] {
      #expect(Self.isAccepted(field, value))
    }
    #expect(!Self.isAccepted(field, field.range.lowerBound - field.nudge))
    #expect(!Self.isAccepted(field, field.range.upperBound + field.nudge))
    guard field.nudge < 1 else { return }
    #expect(!Self.isAccepted(field, .nan))
    #expect(!Self.isAccepted(field, .infinity))
    #expect(Self.isAccepted(field, -.infinity) == (field.description == "logit_bias"))
  }

  @Test(arguments: fields) func `A sampler works with every field at its limits`(field: Field) throws {
    let logits = Fixtures.logits(50, seed: 1)
    for value in [field.range.lowerBound, field.range.upperBound] {
      for mirostat in 0...2 {
        var parameters = SamplingOptions()
        parameters.mirostat = mirostat
        parameters.dryMultiplier = 1
        parameters.xtcProbability = 0.5
        field.set(&parameters, value)
        var sampler = try Sampler(parameters, seed: 1, vocabularySize: 50)
        for _ in 0..<30 { sampler.accept(try sampler.next(from: logits.span)) }
      }
    }
  }

  @Test func `The highest temperature can be lowered and raised`() throws {
    var parameters = SamplingOptions()
    parameters.temperature = 1.5
    #expect(throws: SamplingError.self) { try parameters.validated(maximumTemperature: 1) }
    parameters.temperature = 5
    #expect(throws: SamplingError.self) { try parameters.validated() }
    _ = try parameters.validated(maximumTemperature: 5)
    _ = try Sampler(parameters, seed: 1, vocabularySize: 10)
  }

  @Test func `Biases and breakers are counted, and tokens must be in the vocabulary`() throws {
    var parameters = SamplingOptions()
    for (count, isFine) in [(1023, true), (1024, true), (1025, false)] {
      parameters.logitBias = Dictionary(uniqueKeysWithValues: (0..<count).map { (Token($0), 1) })
      #expect(((try? parameters.validated()) != nil) == isFine)
    }
    for (token, isFine) in [(-1, false), (0, true), (9, true), (10, false)] as [(Token, Bool)] {
      parameters.logitBias = [token: 1]
      #expect(((try? Sampler(parameters, seed: 1, vocabularySize: 10)) != nil) == isFine)
    }
    parameters = SamplingOptions()
    for (count, isFine) in [(65_535, true), (65_536, true), (65_537, false)] {
      let breakers = [[Token](repeating: 1, count: count)]
      #expect(((try? Sampler(parameters, breakers: breakers, seed: 1, vocabularySize: 10)) != nil) == isFine)
    }
    #expect(throws: SamplingError.emptyEntry(field: "dry_sequence_breakers", index: 1)) {
      _ = try Sampler(parameters, breakers: [[1], []], seed: 1, vocabularySize: 10)
    }
    parameters.order = ["top_k", "xtc", "top_k"]
    #expect(throws: SamplingError.repeatedStage(name: "top_k")) { try parameters.validated() }
    parameters.order = ["top_k", "top"]
    #expect(throws: SamplingError.unknownStage(name: "top")) { try parameters.validated() }
  }

  @Test func `Texts of breakers are counted, and have content`() throws {
    var options = SamplingOptions()
    for (count, isFine) in [(0, true), (16, true), (17, false)] {
      options.drySequenceBreakers = Array(repeating: "a", count: count)
      #expect(((try? options.validated()) != nil) == isFine)
    }
    for (length, isFine) in [(0, false), (1, true), (40, true), (41, false)] {
      options.drySequenceBreakers = ["a", String(repeating: "a", count: length)]
      #expect(((try? options.validated()) != nil) == isFine)
    }
  }
}
