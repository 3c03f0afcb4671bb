"""Load on servers: what `Benchmarks/load` is made of."""
