"""
The side-by-side report: DynamicArray and its peers measured in turn, in one process.

The work is that of the benchmarks, and `rows` says which of it is compared. `measure` times pairs,
`peak` finds the memory of processes, `targets.toml` says what is aimed at, `tables` and `pictures`
show what came out.
"""
