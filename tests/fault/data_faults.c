/* data_faults - the n-th allocation between a task file and packed batches fails, for every n: a
 * code and a sentence, nothing leaked (the sanitizers watch), and the next try gives the same
 * examples. */
#include "unit/data_test.h"

#include "data/describe.h"
#include "data/lint.h"
#include "data/propose.h"

#include <archive.h>
#include <archive_entry.h>

static const char labelled[] =
    "name: t\ncitation: none\nlicence: CC0\nkind: labelled\n"
    "source: {files: {train: a.tar.gz/in/rows.csv, test: t.tsv}, encoding: latin-1}\n"
    "template: \"{x} of {g}\"\nlong: x\nmax_chars: 4\ngroup: [g, x]\nlabel: {field: y, ranges: "
    "{no: \"<= -0.3\", yes: \">= 0.3\"}}\n";
static const char choice[] =
    "name: t\ncitation: none\nlicence: CC0\nkind: choice\nsource: {files: {all: [c.json, "
    "d.jsonl]}, rows: data, each: qs.*}\n"
    "fields: {q: qs.*.q, o: qs.*.o.*.t, k: qs.*.o.*.k, a: qs.*.a, p: {path: p, join: \" \"}}\n"
    "choice: {question: q, options: o, answer: a, keys: k}\ntemplate: \"{p} {q} "
    "{candidate}\"\nlong: p\n";

static void put_archive(void)
{
    static char packed[4096];
    static const char rows[] =
        "x,y,g\nabcdef,-1,g1\n\"caf\xe9, \"\"q\"\"\",1,g2\nghi,0,g3\nghi,2,g4\nklm,-2,g5\n";
    size_t used = 0;
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(archive_write_set_format_pax_restricted(a) | archive_write_add_filter_gzip(a),
                     ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(a, packed, sizeof packed, &used), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "in/rows.csv");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, sizeof rows - 1);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, rows, sizeof rows - 1), sizeof rows - 1);
    archive_entry_free(entry);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    put_bytes("a.tar.gz", packed, used);
}

/* tokens_of - a tokenizer that knows the bytes alone, one that needs no file. */
static int tokenizer_bytes(struct tokenizer **t, struct err *e)
{
    static char texts[256][4];
    static const char *tokens[256];
    unsigned other = 0;
    for (unsigned b = 0; b < 256; b++) {
        bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        memset(texts[b], 0, sizeof texts[b]);
        (void)utf8_put(texts[b], itself ? b : 0x100 + other++);
        tokens[b] = texts[b];
    }
    const struct tokenizer_gguf g = {.model = "gpt2",
                                     .pre = "gpt-2",
                                     .tokens = tokens,
                                     .n_tokens = 256,
                                     .bos = -1,
                                     .eos = -1,
                                     .file = "test"};
    return tokenizer_from_gguf(t, &g, e);
}

static bool second_source; /* of the task is taken */

/* work - everything that allocates between the task file and a batch; hash: of the examples. */
static int work(const struct tokenizer *tok, struct task_sizes sizes, char hash[65], struct err *e)
{
    static const struct task_seeds seeds = {3, 4};
    static const size_t index[] = {0, 1};
    struct task *t = NULL;
    struct dataset d = {.classes = 0};
    struct token_set set = {.n = 0};
    struct description about;
    struct lint lint, drawn;
    struct packer p;
    struct str out = STR_INIT;
    size_t *ends = NULL, count;
    packer_init(&p);
    int rc = task_read(&t, in_scratch("task.yaml"), e);
    if (!rc && second_source)
        rc = task_source_use(t, 1, e);
    if (!rc)
        rc = dataset_draw(&d, t, scratch, &sizes, &seeds, NULL, e);
    if (!rc)
        rc = dataset_cut(&d, &tok, 1, 5, e);
    if (!rc)
        rc = token_set_make(&set, d.part[PART_TEST], d.n[PART_TEST], tok, e);
    if (!rc)
        rc = packer_fill(&p, &set, index, 2, e);
    if (!rc)
        rc = pack_split(&set, index, 2, 5, &ends, &count, e);
    if (!rc)
        rc = description_make(&about, t, &d, tok, e);
    if (!rc)
        rc = lint_task(&lint, t, scratch, tok, NULL, e);
    if (!rc)
        rc = lint_dataset(&drawn, &d, e);
    if (!rc) {
        const struct lint_row row = {"t", NULL, &lint, NULL};
        lint_table(&row, 1, &out);
        lint_json(&row, 1, &out);
        description_print(&about, t, &d, 2, &out);
        description_json(&about, t, &d, 2, &out);
        rc = str_check(&out, e);
    }
    if (!rc)
        memcpy(hash, d.hash, 65);
    str_release(&out);
    mem_free(ends);
    packer_release(&p);
    token_set_release(&set);
    dataset_release(&d);
    task_free(t);
    return rc;
}

static void every_allocation(const char *yaml, struct task_sizes sizes)
{
    struct err e = ERR_INIT;
    struct tokenizer *tok = NULL;
    char clean[65], hash[65];
    put("task.yaml", yaml);
    assert_int_equal(tokenizer_bytes(&tok, &e), OK);
    if (work(tok, sizes, clean, &e))
        fail_msg("%s", e.msg);
    for (size_t n = 1;; n++) {
        e = (struct err)ERR_INIT;
        mem_fault_at(n);
        int rc = work(tok, sizes, hash, &e);
        bool hit = mem_fault_hit();
        mem_fault_at(0);
        if (!hit) {
            assert_int_equal(rc, OK);
            assert_string_equal(hash, clean);
            assert_true(n > 100);
            break;
        }
        if (rc != ERR_NOMEM || !strstr(e.msg, "memory"))
            fail_msg("allocation %zu: code %d, \"%s\"", n, rc, e.msg);
    }
    tokenizer_free(tok);
}

static void from_labelled(void **state)
{
    (void)state;
    put_archive();
    put("t.tsv", "x\ty\tg\nabcdef\t-1\tg1\nnop\t1\tg6\nqrs\t-1\tg7\ntuv\t1\tg8\nwxy\t-1\tg9\n");
    every_allocation(labelled, sizes_of(2, 0, 0, 2));
}

static void from_choice(void **state)
{
    (void)state;
    put("c.json", "{\"version\": [1, \"}\"], \"data\": [{\"p\": [\"P\", \"Q\"], \"qs\": [\n"
                  "{\"q\": \"q1\", \"a\": \"A\", \"o\": [{\"t\": \"x\", \"k\": \"A\"}, {\"t\": "
                  "\"y\", \"k\": \"B\"}]},\n"
                  "{\"q\": \"q2\", \"a\": \"B\", \"o\": [{\"t\": \"x\", \"k\": \"A\"}, {\"t\": "
                  "\"y\", \"k\": \"B\"}]}]}]}");
    put("d.jsonl", "{\"p\": [], \"qs\": [{\"q\": \"q3\", \"a\": \"A\", \"o\": [{\"t\": \"x\", "
                   "\"k\": \"A\"}, {\"t\": \"y\", \"k\": \"B\"}]}]}\n"
                   "{\"p\": [\"R\"], \"qs\": [{\"q\": \"q4\", \"a\": \"A\", \"o\": [{\"t\": \"x\", "
                   "\"k\": \"A\"}, {\"t\": \"y\", \"k\": \"B\"}]},"
                   "{\"q\": \"q5\", \"a\": \"A\", \"o\": [{\"t\": \"x\", \"k\": \"A\"}, {\"t\": "
                   "\"y\", \"k\": \"B\"}]},"
                   "{\"q\": \"q6\", \"a\": \"A\", \"o\": [{\"t\": \"x\", \"k\": \"A\"}, {\"t\": "
                   "\"y\", \"k\": \"B\"}]}]}\n");
    every_allocation(choice, sizes_of(0, 1, 0, 2));
}

/* proposals - the n-th allocation of a proposal. */
static void proposals(void **state)
{
    static const char *const files[] = {"p.csv", "q.jsonl", "m.jsonl"};
    struct str clean = STR_INIT, yaml = STR_INIT;
    struct err e = ERR_INIT;
    (void)state;
    put("p.csv",
        "words,kind\none two three four,1\nfive six seven eight,0\na b c d,1\ne f g h,0\n");
    put("q.jsonl", "{\"q\": \"a b c d\", \"o\": [\"x\", \"y\"], \"a\": 0, \"m\": {\"n\": [1]}}\n"
                   "{\"q\": \"e f g h\", \"o\": [\"z\", \"w\"], \"a\": 1}\n"
                   "{\"q\": \"i j k l\", \"o\": [\"v\", \"u\"], \"a\": 0}\n"
                   "{\"q\": \"m n o p\", \"o\": [\"t\", \"s\"], \"a\": 1}\n");
    put("m.jsonl", "{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}], \"rejected\": "
                   "[{\"role\": \"user\", \"content\": \"b\"}]}\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        str_reset(&clean);
        if (task_propose(&clean, in_scratch(files[i]), "f", "n", NULL, &e))
            fail_msg("%s", e.msg);
        for (size_t n = 1;; n++) {
            e = (struct err)ERR_INIT;
            str_release(&yaml);
            mem_fault_at(n);
            int rc = task_propose(&yaml, in_scratch(files[i]), "f", "n", NULL, &e);
            bool hit = mem_fault_hit();
            mem_fault_at(0);
            if (!hit) {
                assert_int_equal(rc, OK);
                assert_string_equal(yaml.s, clean.s);
                assert_true(n > 5);
                break;
            }
            if (rc != ERR_NOMEM || !strstr(e.msg, "memory"))
                fail_msg("allocation %zu: code %d, \"%s\"", n, rc, e.msg);
        }
    }
    str_release(&clean);
    str_release(&yaml);
}

/* Files side by side, an order, fields that are cut and the same. */
static const char order[] =
    "name: t\ncitation: none\nlicence: CC0\nkind: order\nsources:\n"
    "  - {name: a, files: {all: none.txt}}\n"
    "  - {name: b, files: {all: {rows: o.txt, beside: b.csv}}, fields: {w: beside.w}}\n"
    "fields: {b: {path: text, before: \"|\"}, w: text, s: {text: so}}\n"
    "order: {better: b, worse: w}\ntemplate: \"{s} {first} {second}\"\nalone: s\n";

static void from_order(void **state)
{
    struct str b = STR_INIT, o = STR_INIT;
    (void)state;
    str_cat(&b, "w\n");
    for (int i = 0; i < 30; i++) {
        str_addf(&b, "worse %d\n", i);
        str_addf(&o, "%d better | x\n", i);
    }
    put("o.txt", o.s);
    put("none.txt", o.s);
    put("b.csv", b.s);
    str_release(&b);
    str_release(&o);
    second_source = true;
    every_allocation(order, sizes_of(0, 2, 0, 2));
    second_source = false;
}

static int rows_work(struct str *out, struct err *e)
{
    static const struct table_settings none, puzzles = {.format = TABLE_PUZZLES};
    str_reset(out);
    int rc = table_read(in_scratch("g.pgn"), &none, row_line, out, e);
    if (!rc)
        rc = table_read(in_scratch("p.csv"), &puzzles, row_line, out, e);
    return rc ? rc : str_check(out, e);
}

/* Games and puzzles as rows. */
static void chess_rows(void **state)
{
    struct str clean = STR_INIT;
    struct err e = ERR_INIT;
    (void)state;
    put("g.pgn",
        "[Event \"a\"]\n[White \"M\xfcller\"]\n[Event \"b\"]\n\n1. e4 {c} e5 2. Nf3 1-0\n\n"
        "[FEN \"4k3/8/8/8/8/8/4p3/K7 b - - 0 30\"]\n30... e1=Q+ 31. Ka2 *\n");
    put("p.csv",
        "FEN,Moves,Rating,Themes\n1k6/8/1K6/8/8/8/8/6RR b - - 0 1,b8a8 h1h8,724,mate mateIn1\n");
    assert_int_equal(rows_work(&clean, &e), OK);
    for (size_t n = 1;; n++) {
        struct str out = STR_INIT;
        e = (struct err)ERR_INIT;
        mem_fault_at(n);
        int rc = rows_work(&out, &e);
        const bool hit = mem_fault_hit();
        mem_fault_at(0);
        if (hit && (rc != ERR_NOMEM || !strstr(e.msg, "memory")))
            fail_msg("allocation %zu: code %d, \"%s\"", n, rc, e.msg);
        if (!hit)
            assert_string_equal(out.s, clean.s);
        str_release(&out);
        if (!hit) {
            assert_true(n > 30);
            break;
        }
    }
    str_release(&clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chess_rows), cmocka_unit_test(from_labelled),
        cmocka_unit_test(from_choice), cmocka_unit_test(from_order), cmocka_unit_test(proposals)};
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
