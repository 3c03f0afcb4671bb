internal import ApusWire
internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Objects in Amazon S3, or in another store that speaks as it does.
package struct S3Storage: ObjectStorage {
  /// Tries of one call; a store that is busy or away gets so many.
  private static let tries = 3
  private static let deadline = TimeAmount.seconds(60)

  /// One for all stores, for as long as the program runs: it asks nobody but the store itself, so it follows no redirects.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(30)))
    configuration.decompression = .disabled
    configuration.httpVersion = .http1Only
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  /// Scheme, name and port.
  private let address: String
  private let host: String
  private let signer: ObjectSigner

  /// - Parameters:
  ///   - endpoint: Where the store is, such as `http://127.0.0.1:9000`; nil for Amazon's.
  ///   - region: The store's region.
  ///   - credentials: With what requests are signed.
  /// - Throws: `ServerError.invalidSetting` where that is no address.
  package init(endpoint: String?, region: String, credentials: Credentials) throws(ServerError) {
    let text = endpoint ?? "https://s3.\(region).amazonaws.com"
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      let name = url.host, !name.isEmpty, ["", "/"].contains(url.path), url.query == nil, url.user == nil
    else {
      throw .invalidSetting(name: "endpoint", reason: "must be the address of a store, such as http://127.0.0.1:9000")
    }
    let bare = name.contains(":") ? "[\(name)]" : name
    host = url.port.map { "\(bare):\($0)" } ?? bare
    address = "\(scheme)://\(host)"
    let key = AccessKey(id: credentials.id, secret: credentials.secret, sessionToken: credentials.sessionToken)
    signer = ObjectSigner(key: key, region: region)
  }

  /// A key of the store's, in the words of AWS's own programs.
  package struct Credentials: Sendable {
    let id: String
    let secret: String
    let sessionToken: String?

    package init(id: String, secret: String, sessionToken: String?) {
      (self.id, self.secret, self.sessionToken) = (id, secret, sessionToken)
    }
  }

  package func object(at place: ObjectPlace, upTo byteCount: Int) async throws(ObjectError) -> [UInt8] {
    try await send("GET", place, [], []) { response in
      do {
        return Array(try await response.body.collect(upTo: byteCount).readableBytesView)
      } catch is NIOTooManyBytesError {
        throw ObjectError.tooLarge(limit: byteCount)
      }
    }
  }

  package func put(_ bytes: [UInt8], at place: ObjectPlace, contentType: String) async throws(ObjectError) {
    try await send("PUT", place, [("Content-Type", contentType)], bytes) { _ in }
  }

  /// Sends a request, again where the store may answer another time, and takes what is wanted of the answer.
  private func send<Value>(
    _ method: String, _ place: ObjectPlace, _ fields: [(name: String, value: String)], _ body: [UInt8],
    _ take: (HTTPClientResponse) async throws -> Value
  ) async throws(ObjectError) -> Value {
    var failure = ObjectError.failed(reason: "it was not asked")
    for attempt in 0..<Self.tries {
      do {
        if attempt > 0 { try await pause(for: .seconds(1 << attempt)) }
        let response = try await Self.client.execute(request(method, place, fields, body), timeout: Self.deadline)
        switch response.status.code {
        case 200..<300: return try await take(response)
        case 404: failure = .missing
        case 401, 403: failure = .denied
        case let code:
          failure = .failed(reason: "it answers with status \(code)")
          if code == 429 || code >= 500 { continue }
        }
      } catch let error as ObjectError {
        failure = error
      } catch is CancellationError {
        failure = .failed(reason: "the server ends")
      } catch {
        failure = .failed(reason: "\(error)")
        continue
      }
      throw failure
    }
    throw failure
  }

  private func request(
    _ method: String, _ place: ObjectPlace, _ fields: [(name: String, value: String)], _ body: [UInt8]
  ) -> HTTPClientRequest {
    let target = ObjectSigner.path(bucket: place.bucket, key: place.key)
    let now = Int(Date().timeIntervalSince1970)
    var request = HTTPClientRequest(url: address + target)
    request.method = HTTPMethod(rawValue: method)
    request.headers.add(name: "Host", value: host)
    for field in signer.fields(method, host: host, target: target, fields, body: body, now: now) {
      request.headers.add(name: field.name, value: field.value)
    }
    if method != "GET" { request.body = .bytes(ByteBuffer(bytes: body)) }
    return request
  }
}
