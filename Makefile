# Makefile - the front door; the work is CMake's (CMakePresets.json).
#
#   make          build build/w2s, and no tests
#   make quick    set up, build, fetch the default model and data, run the quick study
#   make check    set up, build with the developers' warnings, run every test
#   make bench    measurements (not tests): bench/README.md
#   make asan     the tests under the address and undefined-behaviour sanitizers; make tsan: threads
#   make install  into PREFIX (default /usr/local): the program, its tasks and studies, bash completion, the manual

PREFIX ?= /usr/local
RUNS ?= runs

all: build

setup:
	@scripts/setup

build: setup
	@mkdir -p build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
	@cmake --build --preset release
	@ln -sf release/w2s build/w2s

quick: build
	@build/w2s run studies/quick.yaml --runs '$(RUNS)'
	@scripts/next-steps '$(RUNS)'

check: setup
	@mkdir -p build
	@cmake --preset dev >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
	@cmake --build --preset dev
	@ln -sf dev/w2s build/w2s
	@ctest --preset dev

asan tsan: setup
	@cmake --preset $@ >/dev/null
	@cmake --build --preset $@
	@ctest --preset $@

bench: build
	@scripts/bench

install: build
	@cmake --install build/release

clean:
	rm -rf build

.PHONY: all setup build quick check asan tsan bench install clean
