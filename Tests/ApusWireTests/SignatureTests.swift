internal import ApusJSON
internal import ApusTestSupport
internal import ApusWire
internal import Foundation
internal import Testing

/// A request that botocore has signed: Tests/Vectors has the program that wrote them.
private struct SignedRequest {
  var method: String
  var target: String
  var fields: [(name: String, value: String)]
  var body: [UInt8]
  var key: AccessKey
  var service: String
  var time: Int

  init(_ json: JSONValue) throws {
    let key = try #require(json["key"]).elements
    method = try #require(json["method"]?.text)
    target = try #require(json["target"]?.text)
    fields = try #require(json["headers"]).elements.map { ($0.elements[0].text ?? "", $0.elements[1].text ?? "") }
    body = Array(try #require(json["body"]?.text).utf8)
    self.key = AccessKey(id: key[0].text ?? "", secret: key[1].text ?? "", sessionToken: key[2].text)
    service = try #require(json["service"]?.text)
    guard case .int(let time)? = json["time"] else { throw CancellationError() }
    self.time = time
  }

  static func all() throws -> [SignedRequest] {
    let file = TestData.packageRoot.appendingPathComponent("Tests/Vectors/signatures.json")
    return try JSONParser.parse(Array(Data(contentsOf: file))).elements.map(SignedRequest.init)
  }

  /// The request of API descriptions: signed with the key of AWS's examples.
  static func example() throws -> SignedRequest {
    try SignedRequest([
      "method": "POST", "target": "/model/anthropic.claude-3-sonnet-20240229-v1%3A0/invoke",
      "headers": [
        ["Host", "127.0.0.1:8080"], ["Content-Type", "application/json"], ["X-Amz-Date", "20240102T030405Z"],
        [
          "Authorization",
          """
          AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240102/us-east-1/bedrock/aws4_request, \
          SignedHeaders=content-type;host;x-amz-date, \
          Signature=f006622d5a8d0e87ac3c53672e953a606a4294b02b3f7292f9164d8abafec276
          """,
        ],
      ],
      "body": #"{"prompt":"hi"}"#, "key": ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .null],
      "service": "bedrock", "time": 1_704_164_645,
    ])
  }

  /// Why it is not let in; nil where it is.
  func refusal(at time: Int? = nil) -> SignatureRefusal? {
    let head = SignedHead(method: method, target: target, fields: fields)
    do throws(SignatureRefusal) {
      let claim = try SignatureV4(keys: [key]).claim(of: head, service: service, now: time ?? self.time)
      try claim.check(body: body)
      return nil
    } catch {
      return error
    }
  }

  /// Changes the value of the header of that name.
  mutating func change(_ name: String, _ change: (String) -> String) {
    for index in fields.indices where fields[index].name.lowercased() == name {
      fields[index].value = change(fields[index].value)
    }
  }
}

@Suite struct `Signatures of AWS` {
  @Test func `of botocore are right`() throws {
    let requests = try SignedRequest.all()
    #expect(requests.count >= 32)
    for request in requests { #expect(request.refusal() == nil, "\(request.method) \(request.target)") }
    #expect(try SignedRequest.example().refusal() == nil)
  }

  @Test func `are wrong for anything else`() throws {
    for request in try SignedRequest.all() {
      var other = request
      other.method = request.method == "GET" ? "POST" : "GET"
      #expect(other.refusal()?.kind == .mismatch)
      other = request
      other.target = "/x" + other.target
      #expect(other.refusal()?.kind == .mismatch)
      other = request
      other.body.append(0)
      #expect(other.refusal()?.kind == .mismatch)
      other = request
      other.change("host") { $0 + "0" }
      #expect(other.refusal()?.kind == .mismatch)
      other = request
      other.key = AccessKey(id: request.key.id, secret: "other")
      #expect(other.refusal() != nil)
      other.key = AccessKey(id: "other", secret: "other")
      #expect(other.refusal()?.kind == .unknownKey)
    }
  }

  /// The first is in AWS's description of the method; the second botocore has made.
  @Test func `of requests to S3 are those of AWS and botocore`() throws {
    let example = ObjectSigner(
      key: AccessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1")
    let read = example.fields(
      "GET", host: "examplebucket.s3.amazonaws.com", target: "/test.txt", [("Range", "bytes=0-9")], body: [],
      now: 1_369_353_600)
    #expect(read.map(\.name) == ["Range", "x-amz-content-sha256", "x-amz-date", "Authorization"])
    #expect(read[1].value == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      read.last?.value
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")

    let path = ObjectSigner.path(bucket: "my-bucket", key: "out/a b+é~.out")
    #expect(path == "/my-bucket/out/a%20b%2B%C3%A9~.out")
    let signer = ObjectSigner(
      key: AccessKey(id: "AKIDEXAMPLE", secret: "secret/key", sessionToken: "session+token=="), region: "eu-central-1")
    let written = signer.fields(
      "PUT", host: "s3.eu-central-1.amazonaws.com", target: path, [("Content-Type", "application/json")],
      body: Array(#"{"a":1}"#.utf8), now: 1_369_353_600)
    #expect(written.contains { $0.name == "x-amz-security-token" && $0.value == "session+token==" })
    #expect(
      written.last?.value
        == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20130524/eu-central-1/s3/aws4_request, "
        + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
        + "Signature=920717ad94777897446bdf044b264e832fa2568e4859dae190e3ccbf4093dd95")
  }

  @Test func `hold for five minutes`() throws {
    let request = try SignedRequest.example()
    for difference in [-300, -1, 0, 300] { #expect(request.refusal(at: request.time + difference) == nil) }
    #expect(
      request.refusal(at: request.time + 301)?.message
        == "Signature expired: 20240102T030405Z is now earlier than 20240102T030406Z (20240102T030906Z - 5 min.)")
    #expect(
      request.refusal(at: request.time - 301)?.message
        == "Signature not yet current: 20240102T030405Z is still later than 20240102T030404Z (20240102T025904Z + 5 min.)"
    )
  }

  @Test func `in a query hold as long as they say`() throws {
    let request = try #require(SignedRequest.all().first { $0.target.contains("X-Amz-Expires=43200&") })
    #expect(request.refusal(at: request.time + 43_199) == nil)
    #expect(request.refusal(at: request.time + 43_200)?.kind == .expired)
    #expect(request.refusal(at: request.time - 301)?.kind == .mismatch)
  }

  @Test func `with a temporary key need its token`() throws {
    let request = try #require(SignedRequest.all().first { $0.fields.contains { $0.name == "X-Amz-Security-Token" } })
    var other = request
    other.change("x-amz-security-token") { $0 + "x" }
    #expect(other.refusal()?.kind == .unknownKey)
    other = request
    other.fields.append((name: "X-Amz-Security-Token", value: ""))
    #expect(other.refusal()?.kind == .unknownKey)
    other = try SignedRequest.example()
    other.fields.append((name: "X-Amz-Security-Token", value: "token"))
    #expect(other.refusal()?.kind == .unknownKey)
  }

  @Test(
    arguments: [
      ("/bedrock/", "/s3/", .mismatch), ("/aws4_request", "/aws3_request", .mismatch),
      ("/20240102/", "/20240103/", .mismatch), ("/us-east-1/", "//", .mismatch),
      ("/us-east-1/", "/eu-west-1/", .mismatch),
      ("content-type;host;", "content-type;", .mismatch), (";x-amz-date", "", .mismatch),
      ("content-type;", "content-typo;", .mismatch), ("Signature=f0", "Signature=00", .mismatch),
      ("Signature=f0", "Signature=", .incomplete), ("Signature=f0", "Signature=g0", .incomplete),
      ("Signature=", "Sign=", .incomplete), ("Credential=", "=", .incomplete), ("AKIDEXAMPLE/", "", .incomplete),
      ("AKIDEXAMPLE/", "/", .incomplete), ("AKIDEXAMPLE", "AKIDOTHER", .unknownKey),
      ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", .incomplete), ("AWS4-HMAC-SHA256", "", .incomplete),
      ("host;x-amz-date", "x-amz-date;host", .incomplete), ("host;", "host;host;", .incomplete),
      ("content-type", "Content-Type", .incomplete), ("Signature=", "Credential=a, Signature=", .incomplete),
      (", S", ",,S", .incomplete), (", S", ", x, S", .incomplete),
    ] as [(String, String, SignatureRefusal.Kind)])
  func `that are changed are refused by name`(
    _ old: String, _ new: String, _ kind: SignatureRefusal.Kind
  ) throws {
    var request = try SignedRequest.example()
    request.change("authorization") { $0.replacingOccurrences(of: old, with: new) }
    #expect(request.refusal()?.kind == kind)
  }

  @Test func `that are missing, double or without a date are refused by name`() throws {
    let request = try SignedRequest.example()
    var other = request
    other.fields.removeLast()
    #expect(other.refusal()?.kind == .missing)
    other = request
    other.fields.append(request.fields[3])
    #expect(other.refusal()?.kind == .incomplete)
    other = request
    other.fields.append(request.fields[2])
    #expect(other.refusal()?.kind == .incomplete)
    for date in ["", "20240102T030405", "20240132T030405Z", "20230229T030405Z", "2024-1-2T030405Z", "20240102t030405Z"]
    {
      other = request
      other.change("x-amz-date") { _ in date }
      #expect(other.refusal()?.kind == .incomplete, "\(date)")
    }
  }

  @Test func `may be written with or without blanks`() throws {
    for separator in [",", " ,  ", ",  "] {
      var request = try SignedRequest.example()
      request.change("authorization") { $0.replacingOccurrences(of: ", ", with: separator) }
      #expect(request.refusal() == nil)
    }
  }

  @Test func `may be anything without harm`() throws {
    var random = SeededGenerator(seed: 9)
    let pieces = [
      "AWS4-HMAC-SHA256 ", "Credential=", "/", "SignedHeaders=", ";", ",", "=", "Signature=", "é", "\0", "a",
    ]
    for _ in 0..<2000 {
      var request = try SignedRequest.example()
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
      request.change("authorization") { _ in text.joined() }
      request.target = String(decoding: random.bytes(20), as: UTF8.self)
      #expect(request.refusal() != nil)
    }
    var request = try SignedRequest.example()
    request.change("authorization") { $0 + String(repeating: ",a=b", count: 100_000) }
    #expect(request.refusal()?.kind == .incomplete)
    request = try SignedRequest.example()
    request.target += "?" + String(repeating: "&%", count: 100_000)
    #expect(request.refusal()?.kind == .mismatch)
  }
}

@Suite struct `Tokens made of signatures` {
  /// Made by `aws-bedrock-token-generator` 1.1.0, for an hour.
  private let token = """
    bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC\
    1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFNUExFJTJGMjAyNDAxMDIlMkZ1cy1lYXN0LTElMkZiZWRyb2NrJTJGYXdzNF9y\
    ZXF1ZXN0JlgtQW16LURhdGU9MjAyNDAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTM2MDAmWC1BbXotU2lnbmVkSGVhZGVycz1ob3N0JlgtQW\
    16LVNpZ25hdHVyZT0wZGQwZWI1YzQxMWI4ZWE4OWQyOGNhOGM1NmEyNGJlMTBlNGM1Mjk3YzkzMGIzYWE4NDYxOGViMmM4NTM5MTFkJlZlcnNp\
    b249MQ==
    """
  private let keys = SignatureV4(keys: [
    AccessKey(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
  ])
  private let time = 1_704_164_645

  @Test func `are good for a while`() throws {
    #expect(try keys.check(bearerToken: token, now: time) == "AKIDEXAMPLE")
    #expect(try keys.check(bearerToken: token, now: time + 3599) == "AKIDEXAMPLE")
    #expect {
      try keys.check(bearerToken: token, now: time + 3600)
    } throws: {
      ($0 as? SignatureRefusal)?.kind == .expired
    }
  }

  @Test func `that are changed are unknown`() {
    for index in stride(from: 0, to: token.utf8.count, by: 7) {
      var bytes = Array(token.utf8)
      bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: SignatureRefusal.self) {
        try keys.check(bearerToken: String(decoding: bytes, as: UTF8.self), now: time)
      }
    }
    for text in ["", "bedrock-api-key-", "bedrock-api-key-AAAA", "bedrock-api-key-Lw=="] {
      #expect {
        try keys.check(bearerToken: text, now: time)
      } throws: {
        ($0 as? SignatureRefusal)?.kind == .unknownKey
      }
    }
  }
}

@Suite struct `Files of keys` {
  @Test func `are those of AWS's own programs`() throws {
    let text = """
      # mine
      [default]
      aws_access_key_id = AKIDEXAMPLE
      AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
      region = us-east-1

      [other]\r
      aws_access_key_id = AKIDOTHER\r
      aws_secret_access_key = a=b
      aws_session_token = token==
      [empty]
      ; nothing
      """
    let keys = try AccessKey.all(inCredentials: text)
    #expect(keys.map(\.id) == ["AKIDEXAMPLE", "AKIDOTHER"])
    var request = try SignedRequest.example()
    request.key = keys[0]
    #expect(request.refusal() == nil)
    #expect(try AccessKey.all(inCredentials: "").isEmpty)
  }

  @Test(arguments: [
    ("aws_access_key_id = a", 1), ("[a]\nx", 2), ("[a]\n\naws_access_key_id = b\n[c]", 1),
    ("[a]\n[b]\naws_secret_access_key=c", 2),
  ])
  func `with mistakes are refused by their line`(_ text: String, _ line: Int) {
    #expect {
      try AccessKey.all(inCredentials: text)
    } throws: {
      ($0 as? CredentialsError)?.line == line
    }
  }
}
