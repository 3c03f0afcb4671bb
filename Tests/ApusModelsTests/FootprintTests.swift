internal import ApusCore
internal import ApusGGUF
internal import ApusModels
internal import ApusTestSupport
internal import Testing

@Suite struct `A model's footprint` {
  private let file: GGUFFile
  private let configuration: ModelConfiguration

  init() throws {
    var model = TinyModel()
    (model.hiddenSize, model.feedForwardSize) = (256, 512)
    file = try model.open()
    configuration = try ModelConfiguration(file)
  }

  @Test func `counts weights, keys and values, and activations`() throws {
    var use = ModelFootprint.Use(context: 100)
    use.slots = 3
    let footprint = try #require(ModelFootprint(file, configuration, use))
    #expect(footprint.weights == file.tensors.reduce(0) { $0 + $1.byteCount })
    // Two layers of two heads with 64 values, keys and values, four KV blocks of 32 positions, three slots, two bytes.
    #expect(footprint.kvCache == 2 * 2 * 64 * 2 * 4 * 32 * 3 * 2)
    #expect(footprint.activations > 256 * 512 * 2 * 4)
    #expect(footprint.total == footprint.weights + footprint.kvCache + footprint.activations)
    use.format = .q8_0
    #expect(try #require(ModelFootprint(file, configuration, use)).kvCache == footprint.kvCache / 64 * 34)
  }

  @Test func `is none where a count is not positive or a product overflows`() {
    for context in [0, -1, .min, .max] {
      #expect(ModelFootprint(file, configuration, .init(context: context)) == nil)
    }
    var use = ModelFootprint.Use(context: 1 << 40)
    use.slots = 1 << 30
    #expect(ModelFootprint(file, configuration, use) == nil)
    use = .init(context: 1)
    use.maxBatchRows = .max
    #expect(ModelFootprint(file, configuration, use) == nil)
    #expect(ModelFootprint.largestContext(file, configuration, use, budget: 1 << 30) == nil)
  }

  @Test func `bounds the context by the budget and by what the model was trained for`() throws {
    let use = ModelFootprint.Use(context: 64)
    let footprint = try #require(ModelFootprint(file, configuration, use))
    func largest(_ budget: Int) -> Int? {
      ModelFootprint.largestContext(file, configuration, use, budget: budget)
    }
    #expect(largest(footprint.total) == 64)
    #expect(largest(footprint.total - 1) == 32)
    #expect(largest(footprint.weights) == 0)
    #expect(largest(.min) == 0)
    #expect(largest(.max) == configuration.contextLength)
  }
}
