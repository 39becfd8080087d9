#!/usr/bin/env bash
# install.sh - what is installed stands where programs of a Unix system are looked for, and the program finds its tasks there.
. "$(dirname "$0")/lib.sh"
build=$(dirname "$W2S")
[ -f "$build/cmake_install.cmake" ] || { echo "SKIP: $build is no folder of cmake's"; exit 77; }
expect 0 cmake --install "$build" --prefix "$scratch/in st"
cd "in st" || exit 1
for f in bin/w2s share/w2s/assets.yaml share/w2s/studies/quick.yaml share/w2s/tasks/movie-sentiment.yaml share/bash-completion/completions/w2s \
    share/doc/w2s/LICENSE share/doc/w2s/README.md share/doc/w2s/CHANGELOG.md share/doc/w2s/docs/tasks.md; do
    checks=$((checks + 1))
    [ -s "$f" ] || fail "$f is not installed"
done
cmp -s share/bash-completion/completions/w2s <(bin/w2s completion bash) || fail "the installed completion is another one than the program's"
unset W2S_SHARE
expect 0 bin/w2s completion tasks
says out movie-sentiment
expect 0 bin/w2s fetch
says out smollm2-135m
expect 2 bin/w2s task nothing
says err 'no task named "nothing"'
# Its folder is named as it is, not by the way from the program to it.
echo 'name: [' >share/w2s/tasks/broken.yaml
expect 2 bin/w2s task broken
one_sentence
says err "in st/share/w2s/tasks/broken.yaml:"
lacks err ".."

# make builds the program alone.
checks=$((checks + 1))
grep -q '"name": "release".*"W2S_TESTS": "OFF"' "$W2S_SOURCE/CMakePresets.json" || fail "make builds tests"
finish
