#!/bin/sh
# The library's speed over its history, for the published graphs: at most STEPS commits, evenly spaced,
# the benchmarks that BENCHMARKS matches, a few repetitions. What has a result already is left out.
# 10 to 15 minutes on two cores that do nothing else.
#
#     sh asv_bench/history.sh MACHINE    a name that `asv machine` has stored
set -eu
cd "$(dirname "$0")"

: "${STEPS:=7}"
: "${BENCHMARKS:=^(append\.(Call|Fresh)|creation\.First|extend\.(Fresh|Warm)|indexing\.Scalars.*f8\
|indexing\.Random.*, (2048|1048576)\)|memory\.Grow|mixed|mutation\.Insert.*middle|peers\
|resize\.Resize|ufuncs\.Ufuncs.*, (1|10000)\))}"

asv run --machine "$1" --steps "$STEPS" --skip-existing-successful \
    --attribute rounds=1 --attribute repeat=5 --attribute warmup_time=0.02 \
    --bench "$BENCHMARKS" ALL
asv publish
