internal import ApusJSON
internal import ApusStore
internal import ApusText
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// `/v1/files`: files for batches, and what these have written.
struct Files: Sendable {
  let service: ModelService

  var routes: [Route] {
    let (dialect, one) = (Routes.standardDialect, "/v1/files/*")
    return [
      Route(.post, "/v1/files", dialect) { try await receive($0, $1) }.described(.sendFile)
        .taking(bodyByteCount: bodyByteCount),
      Route(.get, "/v1/files", dialect) { try await list($0, $1) }.described(.files),
      Route(.get, one, dialect) { Response(json: try await file($0, $1).json) }.described(.oneFile),
      Route(.delete, one, dialect) { try await drop($0, $1) }.described(.dropFile),
      Route(.get, "/v1/files/*/content", dialect) { try await content($0, $1) }.described(.fileContent),
    ]
  }

  /// A file as large as it may be, and what stands around it.
  private var bodyByteCount: Int { service.configuration.batchLimits.fileByteCount + (64 << 10) }

  private func receive(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let desk = try service.batchDesk()
    guard let reader = MultipartReader(contentType: request.headers[.contentType] ?? "") else {
      throw Refusal.invalid("file", "send the file as multipart/form-data, with the fields purpose and file")
    }
    guard request.headers[.contentLength].flatMap({ Int($0) }) ?? 0 <= bodyByteCount else {
      throw Refusal.fileTooLarge(desk.limits.fileByteCount)
    }
    let upload = Upload(desk.files, desk.limits, owner: context.owner, time: service.configuration.unixTime())
    do {
      let file = try await upload.read(request.body, reader)
      return Response(json: file.json)
    } catch {
      await upload.discard()
      throw error
    }
  }

  private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let query = request.uri.queryParameters
    let all = try await service.batchDesk().files.list(of: context.owner).filter { file in
      query["purpose"].map { $0 == file.purpose[...] } ?? true
    }
    return Response(json: try ListPage(request, usual: 10_000, most: 10_000).list(of: all.map(\.json)))
  }

  private func file(_ request: Request, _ context: APIRequestContext) async throws -> StoredFile {
    let id = String(PathPattern.components(of: request.uri.path)[2])
    guard let file = try await service.batchDesk().files.file(id, of: context.owner) else {
      throw Refusal(.notFound, "there is no such file", field: "id")
    }
    return file
  }

  private func drop(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let (file, desk) = (try await file(request, context), try service.batchDesk())
    guard try await !desk.reads(file.id) else {
      throw Refusal.invalid("id", "a batch reads this file: cancel the batch first, or wait for its end")
    }
    try await desk.files.drop(file)
    return Response(json: ["id": .string(file.id), "object": "file", "deleted": true])
  }

  private func content(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let (file, work) = (try await file(request, context), try service.batchDesk().files.work)
    let body = ResponseBody(contentLength: file.byteCount) { writer in
      var offset = 0
      while offset < file.byteCount {
        let from = offset
        let piece = try await work.run { try $0.bytes(of: file.content, from: from, count: 256 << 10) }
        guard !piece.isEmpty else { throw Refusal.storeFailed }
        offset += piece.count
        try await writer.write(ByteBuffer(bytes: piece))
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
  }
}

/// A file on its way from a client to the folder.
private final class Upload {
  private let files: FileShelf
  private let limits: BatchLimits
  private let owner: String
  private let time: Int
  private let id = newLongIdentifier("file-")
  private var fields: [String: [UInt8]] = [:]
  private var filename: String?
  private var byteCount = 0
  /// Of the part that comes now.
  private var name: String?

  init(_ files: FileShelf, _ limits: BatchLimits, owner: String, time: Int) {
    (self.files, self.limits, self.owner, self.time) = (files, limits, owner, time)
  }

  private var draft: String { "drafts/" + id }

  /// Reads all parts, and makes a file of them.
  func read(_ body: RequestBody, _ reader: MultipartReader) async throws -> StoredFile {
    var reader = reader
    do {
      for try await piece in body {
        for event in try reader.feed(piece.readableBytesView) { try await take(event) }
      }
      try reader.finish()
    } catch let error as MultipartError {
      throw Refusal.invalid("file", "this is no body of multipart/form-data: \(error.reason)")
    }
    guard let filename else { throw Refusal.invalid("file", "the field file is missing") }
    guard text("purpose") == "batch" else { throw Refusal.invalid("purpose", "purpose must be 'batch' here") }
    let file = StoredFile(
      id: id, owner: owner, filename: filename, purpose: "batch", byteCount: byteCount, created: time,
      expires: try expires())
    if byteCount == 0 { throw Refusal.invalid("file", "the file is empty") }
    try await files.keep(file, from: draft)
    await files.release(id)
    return file
  }

  /// Removes what has come.
  func discard() async {
    let draft = draft
    try? await files.work.run { try $0.remove(draft) }
    await files.release(id)
  }

  private func take(_ event: MultipartReader.Event) async throws(Refusal) {
    switch event {
    case .begin(let name, let filename):
      guard fields[name] == nil, name != "file" || self.filename == nil else {
        throw .invalid(name, "a field is there twice")
      }
      self.name = name
      if name == "file" { self.filename = (filename ?? "file").shortened(toByteCount: 255) }
    case .data(let bytes):
      guard let name else { return }
      guard name == "file" else {
        fields[name, default: []] += bytes
        guard fields[name, default: []].count <= 1024 else { throw .invalid(name, "a field is too long") }
        return
      }
      guard byteCount + bytes.count <= limits.fileByteCount else {
        throw .fileTooLarge(limits.fileByteCount)
      }
      try await files.reserve(bytes.count, for: id, of: owner)
      byteCount += bytes.count
      let draft = draft
      try await files.work.run { try $0.append(bytes, to: draft, waitsForDisk: false) }
    case .end: name = nil
    }
  }

  private func text(_ name: String) -> String? { fields[name].map { String(decoding: $0, as: UTF8.self) } }

  /// When it goes, as `expires_after[anchor]` and `expires_after[seconds]` say.
  private func expires() throws(Refusal) -> Int {
    let (anchor, seconds) = (text("expires_after[anchor]"), text("expires_after[seconds]"))
    guard anchor != nil || seconds != nil else { return time + limits.lifetime }
    guard anchor ?? "created_at" == "created_at", let seconds = seconds.flatMap({ Int($0) }),
      BatchLimits.lifetimes.contains(seconds)
    else {
      let range = BatchLimits.lifetimes
      throw .invalid(
        "expires_after",
        "expires_after needs the anchor created_at and \(range.lowerBound) to \(range.upperBound) seconds")
    }
    return time + seconds
  }
}

extension Refusal {
  fileprivate static func fileTooLarge(_ byteCount: Int) -> Refusal {
    Refusal(.tooLarge, "a file may have at most \(byteCount) bytes", field: "file")
  }
}
