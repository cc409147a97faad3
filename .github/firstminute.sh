#!/usr/bin/env bash
# How long it takes from a clone to the first signed URL, with empty caches, step by
# step; then what the AWS clients add, and an app that has to be built first. Needs Go,
# Git, and for the last part Node.js. Takes minutes, and downloads what a new machine
# downloads.
#
#   .github/firstminute.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; fi
  chmod -R u+w "$scratch"
  rm -rf "$scratch"
}
trap finish EXIT

# measured TITLE COMMAND... runs a command, and prints its seconds: wall time, and
# processor time.
measured() {
  local title=$1 TIMEFORMAT="| $1 | %R | %U |"
  shift
  time "$@" >"$scratch/out" 2>&1 || { cat "$scratch/out" >&2; printf '%s failed\n' "$title" >&2; return 1; }
}

# first_url waits until the program has printed a signed URL, and opens it.
first_url() {
  local url
  "$scratch/signedfront" local --addr 127.0.0.1:0 >"$scratch/urls" 2>"$scratch/log" &
  server=$!
  until url=$(grep -m1 -E '^ +http.*Signature=' "$scratch/urls"); do
    kill -0 "$server" 2>/dev/null || { cat "$scratch/log" >&2; return 1; }
    sleep 0.02
  done
  curl --fail --silent --output /dev/null "${url// /}"
  kill -INT "$server"
  wait "$server"
  server=
}

empty_caches() {
  export GOCACHE="$scratch/$1/build" GOMODCACHE="$scratch/$1/modules" GOFLAGS=-modcacherw
}

printf '%s, %s processors\n\n| step | wall seconds | user seconds |\n| --- | ---: | ---: |\n' "$(go version)" "$(nproc)"
empty_caches now
measured 'clone' git clone --quiet "file://$PWD" "$scratch/clone"
cd "$scratch/clone"
measured 'download the modules' go list -tags=noaws -deps ./signer/cmd/signedfront
measured 'compile' go build -tags=noaws -o "$scratch/signedfront" ./signer/cmd/signedfront
measured 'start, to the first signed URL that opens' first_url

# What signs for a deployed environment.
printf '| **and with the AWS clients** | | |\n'
measured 'download the modules' go list -deps ./signer/cmd/signedfront
measured 'compile' go build -o "$scratch/withaws" ./signer/cmd/signedfront

# An app that is not the recorded one: the same, with context that was looked up.
printf '| **and where the app is built first** | | |\n'
printf '{}\n' >cdk.context.json
measured 'download the modules of the app' go list -deps .
measured 'build and synthesize the app, to the first signed URL that opens' first_url
