/* data_puzzles - any bytes as puzzles: Lichess's columns, or where the first byte is odd rows of
 * JSON. What is read is written as a row that reads back to the same row. */
#include "chess/notation.h"
#include "data/puzzles.h"
#include "pieces.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void row_again(const struct str *text, struct puzzle_strings *hold)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str twice = STR_INIT;
    struct err e = ERR_INIT;
    struct puzzle p;
    BUG_ON(doc_parse_json(&t, text->s, text->len, "again", 1, &e));
    if (puzzle_read(&p, t.root, hold, &e))
        BUG("%s", e.msg);
    puzzle_write(&twice, &p);
    BUG_ON(strcmp(text->s, twice.s) != 0);
    str_release(&twice);
    doc_tree_release(&t);
}

static int row_check(void *ctx, const struct doc *row, struct err *e)
{
    struct puzzle_strings *hold = ctx;
    struct puzzle p;
    struct str text = STR_INIT;
    char san[SAN_MAX];
    int rc = puzzle_read(&p, row, hold, e);
    BUG_ON(rc && rc != ERR_INPUT);
    if (rc)
        return OK;
    san_write(&p.board, p.best, san);
    BUG_ON(puzzle_judge(&p, san, strlen(san)) != PUZZLE_RIGHT);
    puzzle_write(&text, &p);
    BUG_ON(strchr(text.s, '\n'));
    row_again(&text, hold);
    str_release(&text);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"PuzzleId", "FEN", "Moves", "Rating", "Themes", NULL};
    struct table_settings s = {.format = TABLE_CSV, .columns = names};
    struct puzzle_strings hold = {STR_INIT, STR_INIT, STR_INIT};
    struct err e = ERR_INIT;
    if (!n)
        return 0;
    if (data[0] & 1)
        s = (struct table_settings){.format = TABLE_JSONL};
    struct pieces p = {data + 1, n - 1, 1 + (data[0] >> 4), 0, 0};
    int rc = table_text_read("fuzz", &s, pieces_pull, &p, row_check, &hold, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strncmp(e.msg, "fuzz:", 5) != 0));
    puzzle_strings_release(&hold);
    return 0;
}
