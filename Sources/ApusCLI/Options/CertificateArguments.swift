internal import ApusServer
internal import ArgumentParser

/// The certificate with which a server speaks TLS, and its key.
struct CertificateArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A certificate and those it follows from (PEM): every address then speaks HTTPS. It is read again when it changes, \
      and on SIGHUP.
      """,
      valueName: "path"),
    completion: .file())
  var tlsCert: String?
  @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "path"), completion: .file())
  var tlsKey: String?

  /// The files, as the server reads them; nil for none.
  ///
  /// One may be given on the command line and the other elsewhere, so only all settings together tell.
  func files() throws(Failure) -> CertificateFiles? {
    switch (tlsCert, tlsKey) {
    case (let chain?, let key?): return CertificateFiles(chain: WatchedFile(chain), key: WatchedFile(key))
    case (nil, nil): return nil
    default:
      throw Failure("--tls-cert and --tls-key belong together: give both, or neither", code: Failure.usage)
    }
  }

  /// What to say of a key that every user of the machine can read; nil where there is nothing to say.
  var warning: String? { tlsKey.flatMap(WatchedFile.warning(ofSecretAt:)) }
}
