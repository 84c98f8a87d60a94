#!/bin/bash
# As a newcomer: clones this checkout into an empty folder, with an empty pip cache and none of this shell's variables, types
# `make run`, waits until the paper serves, reads its front page, stops it, looks that nothing is left, then types `make test`.
#
#     bench/fresh_clone.sh [PORT] [run]        run: leave `make test` out
set -euo pipefail
cd "$(dirname "$0")/.."
port=${1:-8300}
folder=$(mktemp -d)
trap 'kill -TERM $(pgrep -f "$folder.*newsapp up") 2>/dev/null; rm -rf "$folder"' EXIT
git clone --quiet . "$folder/newsapp"
bare() { env -i HOME="$folder" PATH="$PATH" PIP_NO_CACHE_DIR=1 ${PIP_CERT:+PIP_CERT="$PIP_CERT"} "$@"; }

cd "$folder/newsapp"
began=$(date +%s)
bare PORT="$port" make run >"$folder/said" 2>&1 &
make=$!
for _ in $(seq 300); do
  grep -q "Ctrl-C stops" "$folder/said" && break
  kill -0 "$make" 2>/dev/null || { cat "$folder/said"; exit 1; }
  sleep 1
done
cat "$folder/said"
curl --fail --silent "http://localhost:$port/" | grep "Most viewed" >/dev/null
echo "make run serves after $(($(date +%s) - began)) s, installing included"
kill -TERM $(pgrep -f "$folder.*newsapp up")
wait "$make" || true
sleep 1
if pgrep -f "$folder" >/dev/null; then echo "processes are left:"; pgrep -af "$folder"; exit 1; fi
echo "stopped, and no process is left"
[ "${2:-}" = run ] || bare CI=true make test
