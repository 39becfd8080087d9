#!/usr/bin/env python3
"""fake_engine.py - speaks UCI and knows the answers of a file, or misbehaves.

    fake_engine.py ANSWERS [MODE]        MODE: delay SECONDS, or one of the `go` branches below
    fake_engine.py --record ANSWERS ENGINE...
                                         stands between the program and a real engine, and writes the file

ANSWERS: a line "position fen F", then what the engine says of it, to its bestmove.
"""
import os, re, signal, subprocess, sys, time


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def record(path, engine):
    real = subprocess.Popen(engine, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    out = open(path, "a")
    for line in sys.stdin:
        real.stdin.write(line)
        word = line.split()[0]
        if word == "position":
            out.write(line)
        end = {"uci": "uciok", "isready": "readyok", "go": "bestmove"}.get(word)
        while end:
            answer = real.stdout.readline().rstrip("\n")
            info = re.match(r"(info depth \d+) .*?(multipv \d+ score \w+ -?\d+) .*?( pv \w+)", answer)
            if info and "bound" not in answer:
                out.write(info[1] + " " + info[2] + info[3] + "\n")
            if word == "go" and answer.startswith(end):
                out.write(answer + "\n")
                out.flush()
            say(answer)
            if answer.startswith(end):
                break


def answers(path):
    known, position = {}, None
    for line in open(path):
        if line.startswith("position"):
            position = known.setdefault(line.strip(), [])
            position.clear()
        else:
            position.append(line.rstrip("\n"))
    return known


def play(path, mode, value):
    known, position = answers(path), None
    if mode == "mute":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(60)
    if mode == "flood":
        while True:
            say("y")
    if mode == "long":
        while True:
            sys.stdout.write("x" * 4096)
    for line in sys.stdin:
        line = line.strip()
        if line == "uci":
            say("id name Fake 1")
            say("id author nobody")
            say("option name Hash type spin default 16 min 1 max 1024")
            say("option name Skill Level type spin default 20 min 0 max 20")
            say("option name Ponder type check default false")
            if mode != "single":
                say("option name MultiPV type spin default 1 min 1 max 500")
            say("uciok")
        elif line == "isready":
            say("readyok")
        elif line.startswith("position"):
            position = line
        elif line.startswith("setoption") and mode == "told":
            say("info string " + line)
            with open(value, "a") as told:
                told.write(line + "\n")
        elif line.startswith("go"):
            if mode == "die":
                say("out of luck")
                sys.exit(3)
            if mode == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if mode == "hang":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                while True:
                    time.sleep(60)
            if mode == "illegal":
                say("info depth 1 multipv 1 score cp 10 pv e2e5")
            if mode == "rubbish":
                say("bestmove (none)")
            if mode == "bare":
                say("bestmove " + known[position][-1].split()[1])
            if mode == "delay":
                time.sleep(float(value))
            for answer in known[position]:
                say(answer)
        elif line == "quit":
            break


if sys.argv[1] == "--record":
    record(sys.argv[2], sys.argv[3:])
else:
    play(*(sys.argv[1:] + [None, None])[:3])
