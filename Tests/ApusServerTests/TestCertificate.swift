internal import ApusServer

/// Certificates for this machine that sign themselves, valid for a hundred years, and their keys.
struct TestCertificate: Sendable {
  let chain: String
  let key: String

  /// The files, as a server reads them.
  var files: CertificateFiles { CertificateFiles(chain: MemoryFile(chain), key: MemoryFile(key)) }

  static let first = TestCertificate(
    chain: """
      -----BEGIN CERTIFICATE-----
      MIIBmzCCAUGgAwIBAgIUTqFxcGTJnjhqk8COvzlNY5oNpxswCgYIKoZIzj0EAwIw
      FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTIwMTA5MjE1MVoYDzIxMjYxMTA3
      MDkyMTUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
      PQMBBwNCAAQyYnEQisQcQqYFLBpwXpl/32PFVvB3vR65UMOGUSjN2XvzXhdzKv7J
      hbIfnYovF8mbq8kb3E3tLUS7HDShN+3ao28wbTAdBgNVHQ4EFgQUxJ17/ETOgocF
      uY+Htd/phdXlXtMwHwYDVR0jBBgwFoAUxJ17/ETOgocFuY+Htd/phdXlXtMwGgYD
      VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
      zj0EAwIDSAAwRQIgSeORfGk5cMwcM6S4+KlMkw7hhnbE/sf6gv6CLZMOJ0QCIQCD
      eqiWoUj8EsPyknxaIf2VLZZalUAZ4nvmCHS+bqK/WQ==
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpxJIJTaFPc74NWZa
      sq30RJsruswv5A/+XXZLUanGOiWhRANCAAQyYnEQisQcQqYFLBpwXpl/32PFVvB3
      vR65UMOGUSjN2XvzXhdzKv7JhbIfnYovF8mbq8kb3E3tLUS7HDShN+3a
      -----END PRIVATE KEY-----
      """)

  static let second = TestCertificate(
    chain: """
      -----BEGIN CERTIFICATE-----
      MIIBmzCCAUGgAwIBAgIUVRNS4Upsvp0fX/DMlEmtaAwAuyQwCgYIKoZIzj0EAwIw
      FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTIwMTA5MjE1MVoYDzIxMjYxMTA3
      MDkyMTUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
      PQMBBwNCAAQNXR+99uKKdnE9AWX9G9H6nCdUtd65OKCCdExHwdP3xaszVFcg6F7U
      K4cSH08gWeeReYZ02JVRucoJ8EwEGzVfo28wbTAdBgNVHQ4EFgQUB19CYHNDL64e
      1Tg44kIzQTZhTQ8wHwYDVR0jBBgwFoAUB19CYHNDL64e1Tg44kIzQTZhTQ8wGgYD
      VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
      zj0EAwIDSAAwRQIhAId6hWd7cgCrCm9ikYcgqJz3ldOKd+OmrQJJiNNe4VikAiAk
      Hm1N7KL+vIBfx4jJRI8li+/54o8dHm5OL64xn2Emvw==
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrTQDMmJSP6YN9+X7
      cJOIxraqw09i61vTFnpt3f7s1v6hRANCAAQNXR+99uKKdnE9AWX9G9H6nCdUtd65
      OKCCdExHwdP3xaszVFcg6F7UK4cSH08gWeeReYZ02JVRucoJ8EwEGzVf
      -----END PRIVATE KEY-----
      """)

  /// The key of `first`, with a password.
  static let lockedKey = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjB2opx99BQegICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJfBZ99MJHaTBMQkHCv1tfEEgZA3
    XSNmsh8TCpWxhaSrXOESCrFRdOF/drZg5NeJA6pc4POT3fDoU8nxTbNPJpn/glGV
    H3DjfQrWilgtUg0OKWYH1PsuKsIJjyTKep3curMuecQiTmStaPhdXq1zPJz1Kimh
    IL0ggfm2StAgbB29ejaYzvGxIW9yUAH7yMU5vwZcIdo1ZW3oPLaYDE7B/9cvba8=
    -----END ENCRYPTED PRIVATE KEY-----
    """
}
