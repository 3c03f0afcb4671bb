internal import ApusJSON
internal import ApusStore

/// What answers the requests of batches.
protocol BatchAnswerer: Sendable {
  /// Requests that are worked on together.
  var together: Int { get }
  /// What became of one request.
  func answer(_ line: BatchLine, of batch: Batch, _ presence: ClientPresence) async -> BatchEnd
}

/// What became of one request.
enum BatchEnd: Sendable {
  case answered(BatchAnswer)
  /// A limit of its owner's, or memory, leaves no room for so many seconds: others may come first.
  case mustWait(seconds: Int)
  /// The server ends, or the batch is cancelled.
  case ended
}

/// Why the work on a batch stops, and for how long.
struct BatchPause: Error {
  let seconds: Int
}

/// The answer to one request.
struct BatchAnswer: Sendable {
  let requestID: String
  let status: Int
  let body: JSONValue
}

/// The work on one batch, line by line: what was answered before a crash is not answered again.
struct BatchRun: Sendable {
  private static let problemLimit = 100
  private let desk: BatchDesk
  private let work: FileWork
  private let limits: BatchLimits

  init(_ desk: BatchDesk, _ work: FileWork, _ limits: BatchLimits) {
    (self.desk, self.work, self.limits) = (desk, work, limits)
  }

  /// Reads the whole file once, and says what is wrong with it.
  func check(_ id: String) async throws {
    guard let batch = await desk.state(of: id) else { return }
    var (number, total) = (0, 0)
    var problems: [Batch.Problem] = []
    var ids: Set<String> = []
    for try await line in work.lines(of: StoredFile.content(batch.input), upTo: limits.lineByteCount) {
      number += 1
      guard !line.bytes.isEmpty else { continue }
      total += 1
      guard total <= limits.lines else {
        problems.append(
          .init(code: "too_many_requests", message: "a batch may have at most \(limits.lines) requests", line: nil))
        break
      }
      do throws(BatchLineError) {
        let line = try BatchLine(line.bytes, endpoint: batch.endpoint, limits: limits)
        guard ids.insert(line.id).inserted else {
          throw BatchLineError("duplicate_custom_id", "another line has this custom_id")
        }
      } catch {
        problems.append(.init(code: error.code, message: error.message, line: number))
      }
      guard problems.count < Self.problemLimit else { break }
    }
    if total == 0 { problems.append(.init(code: "empty_file", message: "the file has no requests", line: nil)) }
    try await desk.note(id, total: total, problems: problems)
  }

  /// Answers what is not answered yet, as long as the batch is to go on; then tells of what was left out.
  ///
  /// Throws a `BatchPause` where a request must wait, when those beside it have ended.
  func answer(_ id: String, _ answerer: any BatchAnswerer, _ presence: ClientPresence) async throws {
    guard let batch = await desk.state(of: id), batch.end == nil, [.inProgress, .cancelling].contains(batch.status)
    else { return }
    let done = try await answered(batch)
    await desk.count(id, completed: done.completed - batch.completed, failed: done.failed - batch.failed)
    let wait = try await withThrowingTaskGroup(of: Int?.self) { tasks -> Int? in
      var (running, wait): (Int, Int?) = (0, nil)
      for try await bytes in work.lines(of: StoredFile.content(batch.input), upTo: limits.lineByteCount) {
        guard let line = try? BatchLine(bytes.bytes, endpoint: batch.endpoint, limits: limits),
          !done.ids.contains(line.id)
        else { continue }
        if running == answerer.together {
          wait = try await tasks.next() ?? nil
          running -= 1
        }
        guard wait == nil, await desk.isOpen(id) else { break }
        running += 1
        tasks.addTask {
          switch await answerer.answer(line, of: batch, presence) {
          case .answered(let answer): try await self.keep(answer, to: line, of: batch)
          case .mustWait(let seconds): return seconds
          // Where nothing has ended the batch, the server ends.
          case .ended: if await desk.isOpen(id) { throw CancellationError() }
          }
          return nil
        }
      }
      for try await seconds in tasks { wait = wait ?? seconds }
      return wait
    }
    if let wait, await desk.isOpen(id) { throw BatchPause(seconds: wait) }
    if let batch = await desk.state(of: id), await desk.isExpired(id) { try await expire(batch) }
  }

  private func keep(_ answer: BatchAnswer, to line: BatchLine, of batch: Batch) async throws {
    let isGood = (200..<300).contains(answer.status)
    let json: JSONValue = [
      "id": .string(newIdentifier("batch_req_")), "custom_id": .string(line.id),
      "response": [
        "status_code": .int(answer.status), "request_id": .string(answer.requestID), "body": answer.body,
      ],
      "error": .null,
    ]
    guard try await append(json, to: isGood ? batch.outputDraft : batch.failureDraft, of: batch) else { return }
    await desk.count(batch.id, completed: isGood ? 1 : 0, failed: isGood ? 0 : 1)
  }

  /// Says of each request that was not answered that it came too late, as far as there is room.
  private func expire(_ batch: Batch) async throws {
    let done = try await answered(batch)
    for try await bytes in work.lines(of: StoredFile.content(batch.input), upTo: limits.lineByteCount) {
      guard let line = try? BatchLine(bytes.bytes, endpoint: batch.endpoint, limits: limits),
        !done.ids.contains(line.id)
      else { continue }
      let json: JSONValue = [
        "id": .string(newIdentifier("batch_req_")), "custom_id": .string(line.id), "response": .null,
        "error": [
          "code": "batch_expired", "message": "this request was not answered before the batch expired",
        ],
      ]
      guard try await append(json, to: batch.failureDraft, of: batch) else { return }
    }
  }

  /// Writes what became of a request; false where the owner has no room for it, which ends the batch.
  private func append(_ json: JSONValue, to name: String, of batch: Batch) async throws(Refusal) -> Bool {
    let bytes = json.serialized(.compact) + [0x0A]
    do throws(Refusal) {
      try await desk.files.reserve(bytes.count, for: batch.id, of: batch.owner)
    } catch {
      guard error.kind == .tooLarge else { throw error }
      try await desk.stop(
        batch.id, .init(code: "no_room", message: "an answer does not fit: \(error.message)", line: nil))
      return false
    }
    try await work.run { try $0.append(bytes, to: name) }
    return true
  }

  /// The requests that have answers; a line that a crash has cut is removed.
  private func answered(_ batch: Batch) async throws -> (ids: Set<String>, completed: Int, failed: Int) {
    var ids: Set<String> = []
    var counts = [0, 0]
    var byteCount = 0
    for (number, name) in [batch.outputDraft, batch.failureDraft].enumerated() {
      guard try await work.run({ $0.size(of: name) }) != nil else { continue }
      var end = 0
      for try await line in work.lines(of: name, upTo: .max - 1) {
        guard line.isWhole else {
          let whole = end
          try await work.run { try $0.cut(name, to: whole) }
          break
        }
        end = line.end
        guard let json = try? JSONParser.parse(line.bytes), case .string(let id)? = json["custom_id"] else { continue }
        ids.insert(id)
        counts[number] += 1
      }
      byteCount += end
    }
    await desk.files.hold(byteCount, for: batch.id, of: batch.owner)
    return (ids, counts[0], counts[1])
  }
}
