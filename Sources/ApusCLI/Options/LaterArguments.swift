internal import ApusServer
internal import ArgumentParser

/// Where a server finds requests that it answers later, and writes their answers.
struct LaterArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where requests of SageMaker's InvokeEndpointAsync may lie: any client may have all objects there read. May be \
      repeated.
      """,
      valueName: "s3://bucket/prefix"))
  var asyncInput: [String] = []
  @Option(
    help: ArgumentHelp("Where the answers to such requests are written.", valueName: "s3://bucket/prefix"))
  var asyncOutput: String?
  @Option(
    name: .customLong("s3-endpoint"),
    help: ArgumentHelp(
      "The store that has these; by default AWS_ENDPOINT_URL_S3, or Amazon's in the region.", valueName: "url"))
  var endpoint: String?
  @Option(
    name: .customLong("s3-region"),
    help: ArgumentHelp("The store's region; by default AWS_REGION, or us-east-1.", valueName: "region"))
  var region: String?

  /// Requests and answers in a store, with the credentials that the environment has; nil where none are named.
  func invocations() throws -> LaterInvocations? {
    guard asyncOutput != nil || !asyncInput.isEmpty else { return nil }
    guard let asyncOutput, !asyncInput.isEmpty else {
      throw Failure("--async-input and --async-output belong together: give both, or neither", code: Failure.usage)
    }
    guard let id = Environment["AWS_ACCESS_KEY_ID"], let secret = Environment["AWS_SECRET_ACCESS_KEY"] else {
      throw Failure(
        "--async-output needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", code: Failure.usage)
    }
    let address = endpoint ?? Environment["AWS_ENDPOINT_URL_S3"]
    let place = region ?? Environment["AWS_REGION"] ?? Environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
    let storage: S3Storage
    do throws(ServerError) {
      storage = try S3Storage(
        endpoint: address, region: place,
        credentials: .init(id: id, secret: secret, sessionToken: Environment["AWS_SESSION_TOKEN"]))
    } catch {
      throw Failure("--s3-endpoint, --s3-region or AWS_ENDPOINT_URL_S3: \(error)", code: Failure.usage)
    }
    return LaterInvocations(
      storage: storage, inputs: try asyncInput.map { try Self.folder($0, "--async-input") },
      output: try Self.folder(asyncOutput, "--async-output"))
  }

  private static func folder(_ text: String, _ option: String) throws(Failure) -> ObjectFolder {
    guard let folder = ObjectFolder(text) else {
      throw Failure("\(option) must be s3://BUCKET or s3://BUCKET/PREFIX, not '\(text)'", code: Failure.usage)
    }
    return folder
  }
}
