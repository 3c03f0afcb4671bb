public import Apus
package import ApusCore
public import ArgumentParser

extension KVCacheFormat: ExpressibleByArgument {}
extension KVFormat: ExpressibleByArgument {}
