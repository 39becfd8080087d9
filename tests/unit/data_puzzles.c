/* data_puzzles - puzzles out of Lichess's file and our own rows; prompts, answers, verdicts. */
#include "chess/notation.h"
#include "data/puzzles.h"
#include "data_test.h"

#include <math.h>

static int row_add(void *ctx, const struct puzzle *p, struct err *e)
{
    (void)e;
    puzzle_write(ctx, p);
    str_addc(ctx, '\n');
    return OK;
}

static void rows(const char *name, const char *text, const char *wanted)
{
    struct str out = STR_INIT;
    struct err e = ERR_INIT;
    put(name, text);
    if (puzzles_read(in_scratch(name), row_add, &out, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(out.s, wanted);
    str_release(&out);
}

#define HEAD                                                                                       \
    "PuzzleId,FEN,Moves,Rating,RatingDeviation,Popularity,NbPlays,Themes,GameUrl,OpeningTags\n"
static const char mates[] =
    "{\"id\": \"a1\", \"prompt\": \"k7/8/1K6/8/8/8/8/6RR w\", \"answer\": \"Rh8#\", \"answers\": "
    "[\"Rh8#\", \"Rg8#\"], \"game\": \"k7/8/1K6/8/8/8/8/6RR w\", \"fen\": \"k7/8/1K6/8/8/8/8/6RR w "
    "- - 1 2\", \"uci\": \"h1h8\", "
    "\"rating\": 724, \"themes\": [\"mate\", \"mateIn1\"]}\n";

static void lichess(void **state)
{
    char wanted[1024];
    (void)state;
    rows("a.csv", HEAD "a1,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,724,,,,mate mateIn1,,\n",
         mates);
    rows("a.jsonl", mates, mates);
    /* a row without an id is named by its place */
    snprintf(wanted, sizeof wanted,
             "{\"id\": \"%s:2\", \"prompt\": \"1.\", \"answer\": \"e4\", \"answers\": [\"e4\"], "
             "\"game\": \"x-1\", "
             "\"fen\": \"4k3/8/8/8/8/8/4P3/4K3 w - - 0 1\", \"uci\": \"e2e4\", \"rating\": 1.5, "
             "\"themes\": [], \"score\": 120, \"second\": -5}\n",
             in_scratch("b.jsonl"));
    rows("b.jsonl",
         "\n{\"prompt\": \"1.\", \"fen\": \"4k3/8/8/8/8/8/4P3/4K3 w - -\", \"uci\": \"e2e4\", "
         "\"rating\": 1.5, \"score\": 120, \"second\": -5, \"game\": \"x-1\"}\n",
         wanted);
}

/* The puzzles of one game are one question, without a word of the task file: a later one's prompt
 * holds the answers of the earlier ones. Where the game is not known the position is. */
static void one_game(void **state)
{
#define PUZZLES(more)                                                                              \
    "name: t\ncitation: none\nlicence: CC0\nkind: generation\nsource: {files: {all: g.csv}, "      \
    "format: puzzles}\ntemplate: \"{prompt}\"\nanswer: {text: answer, position: fen}\n" more
    static const char *const urls[] = {"https://lichess.org/abcdefgh/black#12",
                                       "https://lichess.org/abcdefgh#30", "", ""};
    static const char *const more[] = {"", "fields: {prompt: prompt, answer: answer, fen: fen}\n",
                                       "group: prompt\n"};
    struct str s = STR_INIT;
    struct dataset d;
    (void)state;
    str_cat(&s, HEAD);
    for (size_t i = 0; i < 4; i++)
        str_addf(&s, "a%zu,1k6/8/1K6/8/8/%zu%c%zu/8/6RR b - - 0 1,b8a8 h1h8,724,,,,,%s,\n", i, i,
                 'P', 7 - i, urls[i]);
    for (char *c = s.s; *c; c++) /* "0P7" is "P7" */
        if (*c == '0' && c[1] == 'P')
            memmove(c, c + 1, strlen(c));
    put("g.csv", s.s);
    str_release(&s);
    for (size_t i = 0; i < 3; i++) {
        struct str yaml = STR_INIT;
        str_addf(&yaml, "%s%s", PUZZLES(""), more[i]);
        draw(&d, yaml.s, sizes_of(0, 4, 0, 0), (struct task_seeds){0, 0});
        size_t pairs = 0;
        for (size_t a = 0; a < 4; a++)
            for (size_t b = 0; b < a; b++)
                pairs += d.part[PART_TRAIN][a].question == d.part[PART_TRAIN][b].question;
        assert_int_equal(pairs, i < 2);
        dataset_release(&d);
        str_release(&yaml);
    }
}

static void refused(void **state)
{
    static const char *const bad[][2] = {
        {"x,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8,724,,,,,,", ":2: 1 move, wanted the opponent's"},
        {"x,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,,724,,,,,,", ":2: 0 moves, wanted the opponent's"},
        {"x,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1i8,724,,,,,,", ":2: move 2: \"h1i8\" is not"},
        {"x,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8 a8a7,724,,,,,,",
         ":2: move 3: a8a7 is not legal"},
        {"x,1k6/8/8/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,724,,,,,,", ":2: FEN \"1k6/8/8/8/8/8/8/6RR b"},
        {"x,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,7x,,,,,,", ":2: \"Rating\" is not a number"},
    };
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, HEAD "%s\n", bad[i][0]);
        put("bad.csv", text);
        assert_int_equal(puzzles_read(in_scratch("bad.csv"), row_add, &out, &e), ERR_INPUT);
        if (!strstr(e.msg, bad[i][1]) || !strstr(e.msg, "bad.csv"))
            fail_msg("%s", e.msg);
    }
    put("bad.csv", "a,b\n1,2\n");
    assert_int_equal(puzzles_read(in_scratch("bad.csv"), row_add, &out, &e), ERR_INPUT);
    assert_non_null(strstr(e.msg, "bad.csv:2: no puzzle: wanted FEN and Moves, or fen and uci"));
    str_release(&out);
}

static void prompts(void **state)
{
    static const char *const moves[] = {"e4", "e5", "Nf3", "Nc6", "Bb5", "a6", "O-O"};
    static const char *const wanted[] = {"1.",
                                         "1. e4",
                                         "1. e4 e5 2.",
                                         "1. e4 e5 2. Nf3",
                                         "1. e4 e5 2. Nf3 Nc6 3.",
                                         "1. e4 e5 2. Nf3 Nc6 3. Bb5",
                                         "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4.",
                                         "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. O-O"};
    struct board start, b;
    move list[7];
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    (void)state;
    board_start(&start);
    b = start;
    for (size_t n = 0;; n++) {
        str_reset(&out);
        puzzle_prompt(&out, &start, list, n);
        assert_string_equal(out.s, wanted[n]);
        if (n == 7)
            break;
        assert_int_equal(san_read(&b, moves[n], strlen(moves[n]), &list[n], &e), OK);
        board_play(&b, list[n]);
    }
    static const char fen[] = "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1";
    assert_int_equal(board_read(&start, fen, sizeof fen - 1, &e), OK);
    list[0] = MOVE(12, 28, PAWN);
    str_reset(&out);
    puzzle_prompt(&out, &start, list, 1);
    assert_string_equal(out.s, "4k3/8/8/8/4P3/8/8/4K3 b");
    str_release(&out);
}

static void verdicts(void **state)
{
    static const struct {
        const char *text;
        enum puzzle_verdict want;
    } rows_[] = {
        {" Rh8#", PUZZLE_RIGHT}, {"Rg8\n", PUZZLE_RIGHT},  {"h1h8 and more", PUZZLE_RIGHT},
        {"Rh7", PUZZLE_WRONG},   {"g1g2", PUZZLE_WRONG},   {"Rh9", PUZZLE_ILLEGAL},
        {"", PUZZLE_ILLEGAL},    {" \n ", PUZZLE_ILLEGAL}, {"Kb7", PUZZLE_ILLEGAL},
    };
    struct puzzle p = {.id = "", .themes = "", .rating = (double)NAN};
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(puzzle_lichess(&p, "1k6/8/1K6/8/8/8/8/6RR b - - 0 1", "b8a8 h1h8", &e), OK);
    for (size_t i = 0; i < sizeof rows_ / sizeof *rows_; i++)
        assert_int_equal(puzzle_judge(&p, rows_[i].text, strlen(rows_[i].text)), rows_[i].want);
    /* without a mate, the best move alone */
    assert_int_equal(puzzle_lichess(&p, "1k6/8/1K6/8/8/8/8/6RR b - - 0 1", "b8a8 h1h7", &e), OK);
    assert_int_equal(puzzle_judge(&p, "Rh8", 3), PUZZLE_WRONG);
    assert_int_equal(puzzle_judge(&p, "Rh7", 3), PUZZLE_RIGHT);
}

/* Games and puzzles are rows like any others. */
static void tables(void **state)
{
    static const struct table_settings none, puzzles = {.format = TABLE_PUZZLES};
    (void)state;
    put("g.pgn", "[Event \"a\"]\n[White \"M\xfcller\"]\n\n1. e4 {c} e5 2. Nf3 1-0\n\n"
                 "[FEN \"4k3/8/8/8/8/8/4p3/K7 b - - 0 30\"]\n30... e1=Q+ 31. Ka2 *\n");
    rows_are("g.pgn", &none,
             "1: moves=1. e4 e5 2. Nf3 result=1-0 Event=a White=M\xc3\xbcller|"
             "6: moves=30... e1=Q+ 31. Ka2 result=* FEN=4k3/8/8/8/8/8/4p3/K7 b - - 0 30|");
    put("g.txt", "1. e4 e5 *");
    rows_are("g.txt", &(struct table_settings){.format = TABLE_PGN}, "1: moves=1. e4 e5 result=*|");
    put("p.csv", HEAD "a1,1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,724,,,,mate mateIn1,,\n");
    rows_are("p.csv", &puzzles,
             "2: id=a1 prompt=k7/8/1K6/8/8/8/8/6RR w answer=Rh8# answers=<list> "
             "game=k7/8/1K6/8/8/8/8/6RR w fen=k7/8/1K6/8/8/"
             "8/8/6RR w - - 1 2 uci=h1h8 rating=724 themes=<list>|");
    put("p.jsonl", mates);
    rows_are("p.jsonl", &puzzles,
             "1: id=a1 prompt=k7/8/1K6/8/8/8/8/6RR w answer=Rh8# answers=<list> "
             "game=k7/8/1K6/8/8/8/8/6RR w fen=k7/8/1K6/8/8/"
             "8/8/6RR w - - 1 2 uci=h1h8 rating=724 themes=<list>|");
    assert_true(table_wants_duckdb("p.parquet", &puzzles));
    /* a game that cannot be replayed is left out, wherever it stands */
    put("w.pgn", "1. e4 e5 2. Ke3 *\n1. e4 *\n1. e5 *\n1. d4 d5 *\n");
    rows_are("w.pgn", &none, "2: moves=1. e4 result=*|4: moves=1. d4 d5 result=*|");
    put("w.pgn", "1. e4 e5 2. Ke3 *\n1. e5 *\n");
    rows_fail("w.pgn", &none,
              "w.pgn: no game in it that can be replayed; w.pgn:1: game 1, move 2 of White: Ke3 is "
              "not legal here");
    put("w.pgn", "\n");
    rows_are("w.pgn", &none, "");
}

/* A task over puzzles: whether the rating is low or high. */
static void task_of_puzzles(void **state)
{
    static const struct task_seeds seeds = {0, 0};
    const struct task_sizes sizes = sizes_of(400, 400, 100, 400);
    const char *data = getenv("W2S_DATA");
    struct dataset d;
    struct task *t = NULL;
    struct err e = ERR_INIT;
    char dir[512], path[540];
    (void)state;
    snprintf(dir, sizeof dir, "%s/chess", data ? data : "");
    snprintf(path, sizeof path, "%s/lichess_puzzles.csv", dir);
    if (!data || !file_exists(path)) {
        print_message("SKIP: W2S_DATA has no chess/lichess_puzzles.csv\n");
        skip();
    }
    put("task.yaml", "name: t\ncitation: none\nlicence: CC0\nkind: labelled\n"
                     "source: {files: {all: lichess_puzzles.csv}, format: puzzles}\n"
                     "fields: {at: fen, move: answer, rating: rating}\n"
                     "template: \"{at} {move}\"\nlong: at\n"
                     "label: {field: rating, ranges: {no: \"<= 1200\", yes: \">= 1800\"}}\n");
    if (task_read(&t, in_scratch("task.yaml"), &e) ||
        dataset_draw(&d, t, dir, &sizes, &seeds, NULL, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(d.rows_read, 12000);
    assert_int_equal(d.n[PART_TEST], 400);
    dataset_release(&d);
    task_free(t);
}

static int row_count(void *ctx, const struct puzzle *p, struct err *e)
{
    size_t *n = ctx;
    char san[SAN_MAX];
    (void)e;
    san_write(&p->board, p->best, san);
    assert_int_equal(puzzle_judge(p, san, strlen(san)), PUZZLE_RIGHT);
    if (strstr(p->themes, "mateIn1"))
        assert_true(board_mates(&p->board, p->best));
    assert_true(p->rating > 0);
    n[0]++;
    return OK;
}

static void real(void **state)
{
    const char *data = getenv("W2S_DATA");
    struct err e = ERR_INIT;
    char path[512];
    size_t n = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/chess/lichess_puzzles.csv", data ? data : "");
    if (!data || !file_exists(path)) {
        print_message("SKIP: W2S_DATA has no chess/lichess_puzzles.csv\n");
        skip();
    }
    if (puzzles_read(path, row_count, &n, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(n, 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lichess), cmocka_unit_test(one_game),        cmocka_unit_test(refused),
        cmocka_unit_test(prompts), cmocka_unit_test(verdicts),        cmocka_unit_test(real),
        cmocka_unit_test(tables),  cmocka_unit_test(task_of_puzzles),
    };
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
