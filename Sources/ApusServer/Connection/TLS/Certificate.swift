internal import Logging
internal import NIOCore
internal import NIOSSL

/// Two files in PEM: the certificate that a server shows, and the key that belongs to it.
package struct CertificateFiles: Sendable {
  /// The server's certificate, then those that lead to one that clients know.
  package let chain: any ChangingFile
  /// The private key of the first certificate, without a password.
  package let key: any ChangingFile

  package init(chain: any ChangingFile, key: any ChangingFile) {
    self.chain = chain
    self.key = key
  }

  /// What connections are encrypted with: TLS 1.2 or later, with keys of their own for each.
  ///
  /// Throws `ServerError.invalidCertificate` where a file cannot be read, holds something else, or both do not belong
  /// together. Both are read in any case, so that neither counts as changed afterwards.
  func context(offering protocols: [String]) throws(ServerError) -> NIOSSLContext {
    let (chainBytes, keyBytes) = (Self.bytes(chain), Self.bytes(key))
    let (certificates, key) = (try certificates(in: chainBytes.get()), try privateKey(in: keyBytes.get()))
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuites = "ECDH+AESGCM:ECDH+CHACHA20"
    configuration.applicationProtocols = protocols
    // Nobody's certificate is checked, so those that the system trusts need not be loaded.
    configuration.trustRoots = .certificates([])
    configuration.shutdownTimeout = .seconds(1)
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      configuration.privateKey = nil
      guard (try? NIOSSLContext(configuration: configuration)) != nil else {
        throw .invalidCertificate(path: chain.path, reason: "its first certificate is of a kind that cannot be used")
      }
      throw .invalidCertificate(
        path: self.key.path, reason: "this is not the key of the first certificate in \(chain.path)")
    }
  }

  private static func bytes(_ file: any ChangingFile) -> Result<[UInt8], ServerError> {
    do {
      return .success(try file.bytes())
    } catch {
      return .failure(.invalidCertificate(path: file.path, reason: file.reason(of: error)))
    }
  }

  private func certificates(in bytes: [UInt8]) throws(ServerError) -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
      throw .invalidCertificate(
        path: chain.path, reason: "there is no certificate in it: it must be PEM, with BEGIN CERTIFICATE")
    }
    return certificates
  }

  private func privateKey(in bytes: [UInt8]) throws(ServerError) -> NIOSSLPrivateKey {
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
      throw .invalidCertificate(
        path: key.path,
        reason: "there is no private key in it: it must be PEM, with BEGIN PRIVATE KEY, without a password")
    }
    return key
  }
}

/// The certificate of a running server, which is read again when its files have changed.
final class Certificate: Sendable {
  private let contexts: FileValue<NIOSSLContext>

  /// Reads the files; throws where they are wrong.
  init(_ files: CertificateFiles, offering protocols: [String], _ logger: Logger) throws(ServerError) {
    contexts = try FileValue([files.chain, files.key]) { () throws(ServerError) in
      try files.context(offering: protocols)
    } tell: { news in
      switch news {
      case .success: logger.info("the certificate was read again")
      case .failure(let error):
        logger.error(
          "the files of the certificate are wrong: it stays as it was", metadata: ["error": "\(error.description)"])
      }
    }
  }

  /// What a new connection is encrypted with.
  var context: NIOSSLContext { contexts.value() }

  /// Reads the files at once.
  func readAgain() { contexts.readAgain() }
}
