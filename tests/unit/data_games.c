/* data_games - every game of W2S_DATA's chess/pgn replays, out of compressed files that are
 * unpacked as they are read. */
#include "chess/pgn.h"
#include "data_test.h"

#define SKIPPED 77

static void replayed(void **state)
{
    static const struct {
        const char *name;
        size_t games, moves;
    } rows[] = {{"Anand", 3965, 318724},
                {"Carlsen", 4089, 374845},
                {"Fischer", 827, 67340},
                {"Kasparov", 2128, 162894},
                {"Tal", 2431, 173402}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct archive_stream *s = NULL;
        struct err e = ERR_INIT;
        struct pgn *p = NULL;
        const struct pgn_game *g;
        size_t games = 0, moves = 0;
        char path[512];
        int rc;
        snprintf(path, sizeof path, "%s/chess/pgn/%s.pgn.gz", getenv("W2S_DATA"), rows[i].name);
        if (archive_open(&s, path, &e) ||
            pgn_open(&p, (struct pgn_source){archive_pull, s}, path, &e))
            fail_msg("%s", e.msg);
        while (!(rc = pgn_next(p, &g, &e)) && g) {
            if (*g->wrong)
                fail_msg("%s", g->wrong);
            games++;
            moves += g->n;
        }
        if (rc)
            fail_msg("%s", e.msg);
        assert_int_equal(games, rows[i].games);
        assert_int_equal(moves, rows[i].moves);
        pgn_close(p);
        archive_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replayed)};
    char dir[512];
    snprintf(dir, sizeof dir, "%s/chess/pgn", getenv("W2S_DATA") ? getenv("W2S_DATA") : "");
    if (!file_is_dir(dir)) {
        printf("SKIP: W2S_DATA has no chess/pgn\n");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
