#!/usr/bin/env bash
# chess.sh - puzzles out of games: what is found, the same bytes after kills, by any number of engines; engines that misbehave; rows; the
# commands of docs/chess.md. The engine is fake_engine.py with a real one's answers.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
games=$W2S_SOURCE/tests/cli/chess/games.pgn
cp "$games" games.pgn
cp "$W2S_SOURCE/tests/cli/fake_engine.py" "$W2S_SOURCE/tests/cli/chess/answers" .
engine="python3 fake_engine.py answers"
mine() { "$W2S" chess puzzles "$1" --out "$2" --skip 4 --depth 5 --engine "$engine" "${@:3}"; }

# What is found.
expect 0 mine games.pgn found.jsonl
says out "found.jsonl: 10 puzzles of 36 positions in 2 games"
says out "games left out, for they cannot be replayed: 1"
says err "games.pgn:21: game 3, move 2 of White: Ke3 is not legal here; the game is left out"
[ ! -e found.jsonl.journal ] || fail "the journal stays"
python3 - <<'END' || fail "the rows are others"
import json
rows = [json.loads(line) for line in open("found.jsonl")]
assert len(rows) == 10 and [r["id"] for r in rows] == sorted((r["id"] for r in rows), key=lambda x: [int(n) for n in x.split("-")[1:]])
by = {r["id"]: r for r in rows}
r = by["games-1-30"]
assert r["answer"] == "Qb8+" and r["answers"] == ["Qb8+"] and r["uci"] == "b3b8" and r["themes"] == ["mate", "mateIn2"], r
assert r["score"] == 30000 - 2 and r["second"] < 30000 - 1000 and 1 <= r["rating"] <= 5, r
assert r["prompt"].endswith(" 15. Bxd7+ Nxd7 16.") and r["fen"].split()[1] == "w", r
assert by["games-2-12"]["answer"] == "Nd5#"
for r in rows:
    assert r["prompt"].startswith("1. e4 e5 2. Nf3 d6 3.") and r["answers"][0] == r["answer"]
    assert r["game"] == r["id"].rsplit("-", 1)[0]
END
expect 0 mine games.pgn plain.jsonl --json
python3 -c 'import json; r = json.load(open("out")); assert (r["games"], r["games_left_out"], r["positions"], r["puzzles"], sum(r["by_depth"])) == (3, 1, 36, 10, 10), r' || fail "--json"
gzip -k games.pgn
expect 0 mine games.pgn.gz packed.jsonl
cmp -s packed.jsonl found.jsonl || fail "a packed file has other puzzles"
expect 0 mine games.pgn wide.jsonl --margin 2000
says out " 3 puzzles of 36"
expect 0 mine games.pgn one.jsonl --games 1
cmp -s <(grep games-1 found.jsonl) one.jsonl || fail "--games 1 finds others"
expect 0 "$W2S" chess puzzles games.pgn --out late.jsonl --skip 1000 --depth 5 --engine "$engine"
says out "late.jsonl: 0 puzzles of 0 positions"

# No puzzle has a position of games that models learn from: here all of the second game's.
mkdir learnt
python3 - <<'END'
game = open("games.pgn").read().split("\n\n")
open("learnt/trap.pgn", "w").write("\n\n".join(game[2:4]) + "\n")
open("learnt/opening.pgn", "w").write('[Event "*"]\n\n1. Nf3 d6 2. e4 e5 3. d4 Bg4 4. dxe5 *\n') # by other moves
open("learnt/notes.txt", "w").write("no games")
END
expect 0 mine games.pgn clean.jsonl --without learnt
[ -s clean.jsonl ] && cmp -s <(grep games-1 found.jsonl | grep -v '"games-1-[4-7]"') clean.jsonl || fail "--without leaves others"
says out "puzzles left out, for games of --without have their position: $((10 - $(wc -l <clean.jsonl)))"
expect 0 mine games.pgn listed.jsonl --without learnt/trap.pgn,learnt/opening.pgn --json
cmp -s clean.jsonl listed.jsonl || fail "files of --without are other than their folder"
says out '"known": '"$((10 - $(wc -l <clean.jsonl)))"
expect 2 mine games.pgn a.jsonl --without learnt,
says err '--without is "learnt,", wanted files or folders of games'
expect 2 mine games.pgn a.jsonl --without no.pgn
says err "no.pgn: No such file or directory"
printf 'text,label\nthe film was good,1\n' >rows.csv
printf '[Event "*"]\n\n1. Ke4 e5 *\n' >illegal.pgn
for f in rows.csv illegal.pgn; do # that nothing can be played of would leave nothing out, unsaid
    expect 2 mine games.pgn a.jsonl --without $f
    says err "w2s: $f: no game in it that can be replayed; $f:"
    expect 2 mine $f a.jsonl
    says err "w2s: $f: no game in it that can be replayed; $f:"
    [ ! -e a.jsonl ] || fail "puzzles of no game"
done
expect 0 mine games.pgn partly.jsonl --without games.pgn
says err "games.pgn:21: game 3, move 2 of White: Ke3 is not legal here; what follows in the game is not left out"
# The last position of a game is one of its positions too.
python3 - <<'END'
import json
r = next(r for r in map(json.loads, open("found.jsonl")) if r["id"] == "games-1-30")
open("last.pgn", "w").write('[Event "*"]\n\n' + r["prompt"].rsplit(" ", 1)[0] + " *\n")
END
expect 0 mine games.pgn ended.jsonl --without last.pgn
grep -q '"games-1-30"' ended.jsonl && fail "--without passes over the last position of a game"
mkdir -p d1 d2
cp games.pgn d1; cp games.pgn.gz d2
expect 2 mine d1/games.pgn a.jsonl d2/games.pgn.gz
says err "w2s: the games of d1/games.pgn and of d2/games.pgn.gz would both be games-1, games-2 ...; wanted files of different names"
mkdir -p nothing
expect 2 mine games.pgn a.jsonl --without nothing
says err "nothing: no file of games (.pgn) in it"

# Many games, the same three again and again: a position is one puzzle.
for i in $(seq 1 8); do sed "s/Event \"/Event \"$i: /" games.pgn; echo; done >many.pgn
expect 0 mine many.pgn whole.jsonl --threads 1
says out "puzzles left out, for their position is a puzzle already: 70"
[ "$(wc -l <whole.jsonl)" = 10 ] || fail "positions are repeated"
expect 0 mine many.pgn three.jsonl --threads 3
cmp -s whole.jsonl three.jsonl || fail "three engines find others than one"

# Killed at moments of chance and run again: the same bytes.
engine="python3 fake_engine.py answers delay .01"
RANDOM=5
kills=0
for i in $(seq 1 12); do
    mine many.pgn cut.jsonl --threads 2 >out 2>err &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", .1 + r / 32768 * .5}')"
    # the program is a child of the function's shell
    kill -9 $(pgrep -P $pid) 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
    [ $((i % 4)) = 0 ] && [ $i != 12 ] && rm -f cut.jsonl cut.jsonl.journal
done
[ $kills -ge 6 ] || fail "only $kills of 12 kills hit a running program"
[ -e cut.jsonl ] || expect 0 mine many.pgn cut.jsonl --threads 2
cmp -s whole.jsonl cut.jsonl || fail "killed and gone on with, other bytes"
[ ! -e cut.jsonl.journal ] || fail "the journal stays after kills"

# Ctrl-C: a sentence, 130, and it goes on.
mine many.pgn stop.jsonl --threads 1 >out 2>err &
pid=$!
for _ in $(seq 1 500); do [ "$(wc -l 2>/dev/null <stop.jsonl.journal)" -ge 4 ] 2>/dev/null && break; sleep .02; done
kill -INT $(pgrep -P $pid)
wait $pid
[ $? = 130 ] || fail "Ctrl-C ended with another status than 130"
says err "of 24 games are done, the same command goes on: stopped at your request"
cp stop.jsonl.journal journal
engine="python3 fake_engine.py answers"

# A last line that was torn is done again; so is a journal of which not even the first is whole.
head -c -7 journal >stop.jsonl.journal
expect 0 mine many.pgn stop.jsonl
cmp -s whole.jsonl stop.jsonl || fail "a torn journal, other bytes"
rm stop.jsonl
head -c 30 journal >stop.jsonl.journal
expect 0 mine many.pgn stop.jsonl
cmp -s whole.jsonl stop.jsonl || fail "a torn first line, other bytes"

# What is there, and what was begun with other settings, is not written over.
expect 2 mine many.pgn stop.jsonl
says err "w2s: stop.jsonl is there already; delete it or name another"
rm stop.jsonl
cp journal stop.jsonl.journal
expect 2 mine many.pgn stop.jsonl --margin 151
says err "stop.jsonl.journal was begun with other settings: margin was 150, is 151; give the same ones, or delete it to begin anew"
expect 2 mine games.pgn stop.jsonl
says err "games was 24, is 3"
sed 's/Nf3 d6 3. d4/Nf3 d6 3. c3/' many.pgn >other.pgn
mkdir -p other && mv other.pgn other/many.pgn
expect 2 mine other/many.pgn stop.jsonl
says err "sum of the games was"
cmp -s journal stop.jsonl.journal || fail "a refused command changed the journal"
printf 'mine\nown\n' >stop.jsonl.journal
expect 2 mine many.pgn stop.jsonl
says err "stop.jsonl.journal: not a journal of w2s; delete it to begin anew"
cp journal stop.jsonl.journal
expect 2 flock stop.jsonl.journal "$W2S" chess puzzles many.pgn --out stop.jsonl --skip 4 --depth 5 --engine "$engine"
says err "stop.jsonl.journal: another process is at it"

# A full disk at any write: a sentence, and the same command goes on.
for n in 1 2 3 4 5 6; do
    rm -f full.jsonl full.jsonl.journal
    W2S_FAULT_WRITE=$n mine games.pgn full.jsonl --threads 1 >out 2>err
    [ $? = 2 ] && grep -q "No space left on device" err || { fail "write $n failed and the program ended otherwise"; cat err; }
    [ ! -e full.jsonl ] || fail "half a file"
    expect 0 mine games.pgn full.jsonl
    cmp -s full.jsonl found.jsonl || fail "after a full disk at write $n, other bytes"
done

# Killed when the file was there and the journal not yet gone.
rm -f full.jsonl
W2S_FAULT_WRITE=5 mine games.pgn full.jsonl --threads 1 >out 2>err
[ "$(wc -l <full.jsonl.journal)" = 4 ] || fail "the journal is not whole"
echo '{}' >full.jsonl
expect 0 mine games.pgn full.jsonl
cmp -s full.jsonl found.jsonl && [ ! -e full.jsonl.journal ] || fail "a journal beside its file was not gone on with"

# Engines that are of no use: a sentence, and none stays behind.
for mode in die killed illegal rubbish bare mute hang; do
    engine="python3 $scratch/fake_engine.py answers $mode"
    case $mode in mute) seconds=.5 ;; hang) seconds=5 ;; *) seconds=60 ;; esac
    expect 1 mine games.pgn bad.jsonl --timeout $seconds --threads 2
    [ "$(grep -c '^w2s: ' err)" = 1 ] || { fail "$mode: no sentence"; cat err; }
    [ ! -e bad.jsonl ] || fail "$mode: a file"
    [ -z "$(pgrep -f "$scratch/fake_engine.py")" ] || fail "$mode: the engine is still there"
done
says err "w2s: Fake 1 did not answer within 5 seconds"
engine="no-such-engine"
expect 1 mine games.pgn none.jsonl
says err "cannot run no-such-engine: No such file or directory"
engine="python3 fake_engine.py answers told told"
expect 0 mine games.pgn told.jsonl --engine-options "hash=32;Skill Level=4" --threads 1
[ "$(head -n 3 told)" = "setoption name Hash value 32
setoption name Skill Level value 4
setoption name MultiPV value 2" ] || { fail "the engine was told otherwise"; cat told; }
expect 2 mine games.pgn told2.jsonl --engine-options "Hsh=32"
says err 'Fake 1 has no option "Hsh"; did you mean "Hash"?'

# Usage.
expect 2 "$W2S" chess
says err "puzzles or rows"
expect 2 "$W2S" chess puzzles games.pgn
says err "chess puzzles wants --out FILE"
expect 2 "$W2S" chess puzzles --out a.jsonl
says err "wants files of games"
expect 2 "$W2S" chess puzzles - --out a.jsonl
says err "wanted a file, not -"
expect 2 "$W2S" chess puzzles no.pgn --out a.jsonl
says err "no.pgn: No such file or directory"
: >empty.pgn
expect 2 "$W2S" chess puzzles empty.pgn --out a.jsonl
says err "empty.pgn: no game in it"
expect 2 "$W2S" chess puzzles games.pgn --out a.jsonl --depth 65
says err '--depth is "65", wanted a whole number from 1 to 64'
expect 2 "$W2S" chess rows found.jsonl --depth 3
says err "chess rows takes no --depth"
expect 0 "$W2S" help chess
says out "is a depth, not an Elo"
expect 0 "$W2S" completion chess
[ "$(cat out)" = "puzzles
rows" ] || fail "completion of chess: $(cat out)"

# Rows.
expect 0 "$W2S" chess rows found.jsonl
cmp -s out found.jsonl || fail "rows reads back others"
cat >lichess_db_puzzle.csv <<'END'
PuzzleId,FEN,Moves,Rating,RatingDeviation,Popularity,NbPlays,Themes,GameUrl,OpeningTags
a1,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,724,80,90,100,mate mateIn1,,
END
expect 0 "$W2S" chess rows lichess_db_puzzle.csv
says out '"prompt": "k7/8/1K6/8/8/8/8/6RR w", "answer": "Rh8#", "answers": ["Rh8#", "Rg8#"]'
sed -i 's/h1h8/h1i8/' lichess_db_puzzle.csv
expect 2 "$W2S" chess rows lichess_db_puzzle.csv
says err 'lichess_db_puzzle.csv:2: move 2: "h1i8" is not the spelling of a move'
one_sentence
sed -i 's/h1i8/h1h8/' lichess_db_puzzle.csv
: >empty.csv
head -n 1 lichess_db_puzzle.csv >header.csv
for f in empty header; do
    expect 2 "$W2S" chess rows $f.csv
    says err "$f.csv: no rows"
    one_sentence
done

# The commands of the page.
mkdir bin
printf '#!/bin/sh\nexec python3 %s/fake_engine.py %s/answers\n' "$scratch" "$scratch" >bin/stockfish
chmod +x bin/stockfish
ln -s "$W2S" bin/w2s
if [ -n "${W2S_DATA:-}" ]; then # with puzzles of games, which are Lichess's here
    real=$W2S_DATA
    mkdir -p data/chess
    ln -s "$real"/chess/* data/chess/
    export W2S_DATA=$scratch/data
    "$W2S" chess rows "$real/chess/lichess_puzzles.csv" 2>err | head -n 200 |
        awk '{sub(/"game": "[^"]*"/, "\"game\": \"g-" int(NR / 2) "\""); print}' >data/chess/game-puzzles.jsonl
    expect 0 "$W2S" task chess-game-puzzles --json
    python3 - <<'END' || fail "puzzles of games as a task"
import json
parts = json.load(open("out"))["parts"].values()
assert all(2 * p["questions"] - 2 <= p["examples"] for p in parts) and sum(p["examples"] for p in parts) > 150, parts # games stay whole
END
fi

# A task of games leaves out what cannot be replayed, with the warning of chess puzzles, once however often the file is read.
for i in $(seq 1 12); do
    printf '[White "w%s"]\n[Result "%s"]\n\n1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 %s\n\n' $i $((i % 2))-$(((i + 1) % 2)) $((i % 2))-$(((i + 1) % 2))
done >played.pgn
sed 's/White "w/&a/' played.pgn >train.pgn
printf '1. e4 e5 2. Ke3 *\n' >>played.pgn
cat >games.yaml <<'END'
name: games
citation: none
licence: CC0
kind: labelled
source: {files: {train: [train.pgn, played.pgn, played.pgn], test: played.pgn}}
template: "{White} {moves}"
label: {field: result, map: {"0-1": 0, "1-0": 1}}
END
expect 0 "$W2S" task games.yaml --model "$model" --supervise 0 --train 0 --valid 0 --test 8
[ "$(grep -c 'is left out' err)" = 1 ] || { fail "a game is not told of once"; cat err; }
says err "warning: played.pgn:61: game 13, move 2 of White: Ke3 is not legal here; the game is left out"
printf '1. e4 e5 2. Ke3 *\n' >played.pgn
expect 2 "$W2S" task games.yaml --model "$model"
says err "played.pgn: no game in it that can be replayed; played.pgn:1: game 1, move 2 of White: Ke3 is not legal here"
sed -n 's/^    \(w2s .*\)$/\1/p' "$W2S_SOURCE/docs/chess.md" | sed 's/   *[a-z].*//' >commands
[ "$(wc -l <commands)" -ge 4 ] || fail "docs/chess.md shows too few commands"
while read -r line; do
    case $line in # a study's are run small, and where its data is
    *chess-puzzles* | *chess-game-puzzles* | "w2s pretrain chess"* | "w2s run chess"* | *reproduce*chess*)
        [ -n "${W2S_DATA:-}" ] || { echo "SKIP: W2S_DATA: $line"; continue; } ;;
    esac
    case $line in
    "w2s pretrain chess"*)
        line="w2s pretrain chess data.pgn=$W2S_DATA/chess/pgn/Tal.pgn.gz tokens=4096 data.valid=20 training.batch=4" ;;
    *Fischer*) line=${line/Fischer.pgn.gz/games.pgn}; line=${line/--without */--without learnt/} ;;
    "w2s run chess"* | *reproduce*chess*)
        line="$line data.supervise=40 data.train=40 data.test=40 training.epochs=1 bootstrap=100" ;;
    esac
    checks=$((checks + 1))
    (PATH=$scratch/bin:$PATH; eval "$line") >out 2>err || { fail "$line ended with $?"; cat err; }
done <commands
[ "$(wc -l <puzzles.jsonl)" -ge 3 ] && [ -s rows.jsonl ] || fail "the page's commands wrote no puzzles"
finish
