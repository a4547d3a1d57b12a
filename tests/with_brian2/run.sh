#!/usr/bin/env bash
# All that is tested with Brian2, in environments that have it: the tests in this folder, and Brian2's own
# tests on our arrays, for numpy, for compiled and for native code. The environments, folders that `python -m venv`
# made, take their turns at the same time; the exit status is 0 if all is well in each.
#
#     tests/with_brian2/run.sh env-3.11 env-3.13
#
# Compiled code is kept in ~/.cache/cppdynarray: the first time takes minutes more than the others.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export MPLBACKEND=agg CPPDYNARRAY_REQUIRE_LIBRARIES=1

in_environment() {
    local python=$1/bin/python
    "$python" -m pytest -q "$here" &&
        "$python" "$here/run_suite.py" --target direct &&
        "$python" "$here/run_suite.py" --target cython &&
        "$python" "$here/run_suite.py" --target numpy
}

jobs=()
for environment in "$@"; do
    in_environment "$environment" > "$logs/${#jobs[@]}" 2>&1 &
    jobs+=($!)
done

status=0
for number in "${!jobs[@]}"; do
    environment=${*:number + 1:1}
    if wait "${jobs[number]}"; then
        echo "--- $environment"
        grep -E "^Brian2 |[0-9]+ passed|ran natively" "$logs/$number"
    else
        echo "--- $environment: failed"
        cat "$logs/$number"
        status=1
    fi
done
exit $status
