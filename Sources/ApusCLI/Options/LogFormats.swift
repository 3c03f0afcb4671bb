package import ApusServer
internal import ArgumentParser

extension LogFormat: ExpressibleByArgument {}
