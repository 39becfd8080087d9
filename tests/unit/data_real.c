/* data_real - the tasks of tasks/ on the files of their official releases: W2S_DATA names the
 * folder that holds a folder for each; movie-sentiment's comes from the cache, where `w2s fetch`
 * puts it. What is not there is skipped. */
#include "data_test.h"

#include "data/answer.h"

#define SKIPPED 77

static size_t ran;

/* drawn - the task of tasks/NAME.yaml on dir; false, and why, where the data is not there. */
static bool drawn(struct dataset *d, const char *name, const char *dir, struct task_sizes sizes)
{
    const char *source = getenv("W2S_SOURCE");
    struct str path = STR_INIT;
    struct task *t = NULL;
    struct err e = ERR_INIT;
    static const struct task_seeds seeds = {0, 0};
    if (!dir || !source || !file_is_dir(dir)) {
        printf("SKIP: %s: %s is not there\n", name, dir ? dir : "W2S_DATA");
        return false;
    }
    str_addf(&path, "%s/tasks/%s.yaml", source, name);
    if (task_read(&t, path.s, &e))
        fail_msg("%s", e.msg);
    for (size_t i = 1; task_source_missing(t, dir) && i < task_sources(t); i++)
        assert_int_equal(task_source_use(t, i, &e), OK);
    if (dataset_draw(d, t, dir, &sizes, &seeds, NULL, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(task_name(t), name);
    task_free(t);
    str_release(&path);
    ran++;
    return true;
}

static bool official(struct dataset *d, const char *name, struct task_sizes sizes)
{
    const char *data = getenv("W2S_DATA");
    char dir[512];
    if (data)
        snprintf(dir, sizeof dir, "%s/%s", data, name);
    return drawn(d, name, data ? dir : NULL, sizes);
}

/* sound - sizes as asked, test equal in classes, no text or question in two parts. */
static void sound(const struct dataset *d, struct task_sizes sizes)
{
    size_t ones = 0;
    for (int p = 0; p < PART_COUNT; p++) {
        assert_int_equal(d->n[p], sizes.n[p]);
        for (size_t i = 0; i < d->n[p]; i++) {
            const struct example *x = &d->part[p][i];
            assert_int_equal(strlen(x->text), x->len);
            assert_true(x->long_begin < x->long_end && x->long_end <= x->len);
            ones += p == PART_TEST && x->label == 1;
            for (int q = 0; q < p; q++)
                for (size_t k = 0; k < d->n[q]; k++) {
                    assert_true(x->question != d->part[q][k].question);
                    assert_true(strcmp(x->text, d->part[q][k].text) != 0);
                }
        }
    }
    assert_int_equal(ones, d->n[PART_TEST] / 2);
}

static const struct example *find(const struct dataset *d, enum task_part p, const char *source)
{
    for (size_t i = 0; i < d->n[p]; i++)
        if (strcmp(d->part[p][i].source, source) == 0)
            return &d->part[p][i];
    return NULL;
}

static void sciq(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(500, 500, 100, 900);
    (void)state;
    if (!official(&d, "sciq", sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 11679 + 1000 + 1000);
    assert_int_equal(d.rows_left_out, 0);
    for (size_t i = 0; i < 900; i++)
        assert_true(
            str_starts(d.part[PART_TEST][i].source, "SciQ.zip/SciQ dataset-2 3/test.json:"));
    assert_null(strstr(d.part[PART_TRAIN][0].source, "test.json"));
    dataset_release(&d);
}

static void boolq(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(500, 500, 100, 500);
    (void)state;
    if (!official(&d, "boolq", sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 3270);
    assert_int_equal(d.class_before[1], 2033);
    assert_int_equal(d.class_before[0], 1237);
    assert_int_equal(d.class_after[1], 1237);
    size_t ones = 0;
    for (size_t i = 0; i < 500; i++)
        ones += d.part[PART_SUPERVISE][i].label == 1;
    assert_int_equal(ones, 250); /* Defect 5: 62 % of the file is yes */
    dataset_release(&d);
}

static void cola(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(1000, 1000, 100, 600);
    (void)state;
    if (!official(&d, "cola", sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 8551 + 527 + 516);
    const struct example *x = find(&d, PART_TEST, "in_domain_dev.tsv:2");
    if (x)
        assert_non_null(
            strstr(x->text, "Sentence: The weights made the rope stretch over the pulley.\n"));
    dataset_release(&d);
}

static void sst2(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(1000, 1000, 100, 800);
    (void)state;
    if (!official(&d, "sst2", sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 60614 + 6735 + 872);
    for (size_t i = 0; i < 800; i++)
        assert_true(str_starts(d.part[PART_TEST][i].source, "test.tsv:"));
    dataset_release(&d);
}

static void hellaswag(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(1000, 1000, 100, 1000);
    (void)state;
    if (!official(&d, "hellaswag", sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 10042);
    assert_in_range(d.class_before[1], 4800, 5250);
    /* "ind": 3, whose right ending is the third */
    for (int p = 0; p < PART_COUNT; p++) {
        const struct example *x = find(&d, (enum task_part)p, "hellaswag_val.jsonl.gz:4");
        if (x)
            assert_int_equal(x->label,
                             strstr(x->text, "lifts his body above the height of a pole.") != NULL);
    }
    dataset_release(&d);
}

/* The same with all endings beside each other. */
static void hellaswag_choice(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(2000, 2000, 100, 2000);
    const char *data = getenv("W2S_DATA");
    char dir[512];
    size_t of[4] = {0}, rights = 0;
    (void)state;
    snprintf(dir, sizeof dir, "%s/hellaswag", data ? data : "");
    if (!drawn(&d, "hellaswag-choice", data ? dir : NULL, sizes))
        return;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d.n[p]; i++) {
            const struct example *x = &d.part[p][i];
            assert_int_equal(x->n_alternatives, 4);
            of[x->label]++;
            if (strcmp(x->source, "hellaswag_val.jsonl.gz:4") == 0) {
                assert_non_null(strstr(x->alternatives[x->label].text,
                                       "lifts his body above the height of a pole."));
                rights++;
            }
        }
    for (size_t k = 0; k < 4; k++)
        assert_in_range(of[k], 1400, 1650); /* 6,100 in a drawn order */
    assert_true(rights <= 1);
    dataset_release(&d);
}

static void movie_sentiment(void **state)
{
    struct dataset d;
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const struct task_sizes sizes = sizes_of(1500, 1500, 200, 1500);
    char dir[512];
    (void)state;
    snprintf(dir, sizeof dir, "%s%s/w2s/assets/movie-sentiment",
             cache && *cache ? cache
             : home          ? home
                             : "",
             cache && *cache ? "" : "/.cache");
    if (!drawn(&d, "movie-sentiment", dir, sizes))
        return;
    sound(&d, sizes);
    assert_int_equal(d.rows_read, 10605);
    assert_int_equal(d.rows_left_out, 287);
    assert_int_equal(d.duplicates_dropped, 2);
    assert_int_equal(d.class_before[0], 5201);
    assert_int_equal(d.class_before[1], 5115);
    for (int p = 0; p < PART_COUNT; p++) {
        size_t ones = 0;
        for (size_t i = 0; i < d.n[p]; i++) {
            const struct example *x = &d.part[p][i];
            ones += x->label == 1;
            assert_true(x->confidence >= 0.3 && x->confidence <= 4);
            assert_null(strpbrk(x->text, "\r\n\t"));
        }
        assert_int_equal(ones, d.n[p] / 2);
    }
    /* The examples of the quick study's first seed: they must not change unnoticed */
    assert_string_equal(d.hash, "1251c8256288e09195e337d738427850ac3f832835b70510546468f233572087");
    dataset_release(&d);
}

/* Each task of the study on what W2S_DATA has of it, by its rows and one example that is known. */
static void others(void **state)
{
    static const struct {
        const char *name, *folder;
        size_t rows, left_out, size;
        const char *source, *shows; /* an example of that row has that in it */
    } cases[] = {
        {"cosmos-qa", "cosmos_qa", 2985, 0, 400, "valid.csv:2",
         "Question: Why is this person asking about divorce ?\nProposed answer: "},
        {"ethics-justice", "ethics", 24495, 0, 1000, "justice/justice_test.csv:2",
         "because She reads on her lunch break.\nIs this fair?"},
        {"ethics-deontology", "ethics", 21760, 0, 1000, "deontology/deontology_test.csv:2",
         "Aren't you supposed to be painting the house?\nNo because the paint already peeled off."},
        {"ethics-virtue", "ethics", 33220, 0, 900, "virtue/virtue_test.csv:2",
         "totally at ease with her.\nTrait: trustful\nDoes the character show the trait?"},
        {"ethics-utilitarianism", "ethics", 18546, 0, 1000, "utilitarianism/util_test.csv:1",
         "I saw my brother get his first car this week as a birthday present."},
        {"anli-r2", "anli", 1000, 0, 200, "R2_dev.jsonl:1",
         "Can we conclude from this: \"Risk Records released Jack Off Jill's initial album.\""},
        {"mc-taco", "mc_taco", 13225, 0, 600, "test_9442.tsv:1",
         "Question: How long was his mother ill?\nProposed answer: she was ill for 30 seconds\n"},
        {"openbookqa", "openbookqa", 5957, 0, 450, NULL, NULL},
        {"paws", "paws", 12665, 0, 300, "train.tsv:2",
         "First: Will a message still say blocked if"},
        {"quail", "quail", 556, 0, 100, "challenge.jsonl:1",
         "Question: What does that narrator think of Cathy?\nProposed answer: "},
        {"piqa", "piqa", 1838, 0, 400, "valid.jsonl:2", "Goal: dresser\nProposed way: "},
        {"multirc", "multirc", 27243 + 4848, 0, 1000, "val.jsonl:1",
         "What causes a change in motion?"},
        {"wic", "wic", 6066, 0, 600, "train.jsonl:3",
         "First: Run rogue.\nSecond: She ran 10 miles that day.\nDoes \"run\" mean the same in"},
        {"tweet-sentiment", "tweet_sentiment", 14284, 6806, 1000, NULL, NULL},
    };
    const char *data = getenv("W2S_DATA");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d;
        size_t n = cases[i].size;
        const struct task_sizes sizes = sizes_of(n, n, 50, n);
        char dir[512];
        snprintf(dir, sizeof dir, "%s/%s", data ? data : "", cases[i].folder);
        if (!drawn(&d, cases[i].name, data ? dir : NULL, sizes))
            continue;
        sound(&d, sizes);
        assert_int_equal(d.rows_read, cases[i].rows);
        assert_int_equal(d.rows_left_out, cases[i].left_out);
        for (int p = 0; cases[i].source && p < PART_COUNT; p++) {
            const struct example *x = find(&d, (enum task_part)p, cases[i].source);
            if (x && !strstr(x->text, cases[i].shows))
                fail_msg("%s: %s: \"%s\"", cases[i].name, x->source, x->text);
        }
        dataset_release(&d);
    }
}

/* shown - texts of other parts that have the piece, or begin with it. */
static size_t shown(const struct dataset *d, const char *piece, bool begin, int but)
{
    size_t count = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; p != but && i < d->n[p]; i++) {
            const char *text = d->part[p][i].text;
            count += begin ? str_starts(text, piece) : strstr(text, piece) != NULL;
        }
    return count;
}

/* No sentence, statement or dialogue of a part's questions is in another part: rows that share one
 * are of one question. */
static void apart(void **state)
{
    static const struct {
        const char *name, *folder;
        const char *end; /* of what no other part begins with; NULL: its first two lines */
    } cases[] = {
        {"ethics-justice", "ethics", " because "},
        {"ethics-utilitarianism", "ethics", NULL},
        {"wic", "wic", NULL},
        {"paws", "paws", NULL},
        {"hh-helpful", "hh_rlhf", "\n\nAssistant:"},
        {"hh-harmless", "hh_rlhf", "\n\nAssistant:"},
    };
    const char *data = getenv("W2S_DATA");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d;
        char dir[512];
        size_t bad = 0;
        snprintf(dir, sizeof dir, "%s/%s", data ? data : "", cases[i].folder);
        if (!drawn(&d, cases[i].name, data ? dir : NULL, sizes_of(300, 300, 0, 300)))
            continue;
        for (size_t k = 0; k < d.n[PART_TEST]; k++) {
            const char *s = d.part[PART_TEST][k].text,
                       *end = strstr(s, cases[i].end ? cases[i].end : "\n");
            struct str piece = STR_INIT;
            for (size_t line = 0; end && line < (cases[i].end ? 1 : 2); line++) {
                if (!cases[i].end)
                    s = strstr(s, ": ");
                str_reset(&piece);
                str_catn(&piece, s, (size_t)(end - s));
                str_cat(&piece, cases[i].end ? cases[i].end : "\n");
                bad += shown(&d, piece.s, cases[i].end != NULL, PART_TEST) > 0;
                s = end + 1;
                end = strchr(s, '\n');
            }
            str_release(&piece);
        }
        if (bad)
            fail_msg("%s: %zu texts of the test are in other parts", cases[i].name, bad);
        dataset_release(&d);
    }
}

/* Defect 10: no candidate is a letter, and both classes are texts of the row's own options. */
static void openbookqa_candidates(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(1500, 1500, 100, 480);
    size_t chars[2] = {0}, n[2] = {0};
    (void)state;
    if (!official(&d, "openbookqa", sizes))
        return;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < d.n[p]; i++) {
            const struct example *x = &d.part[p][i];
            assert_false(x->candidate[1] == '\0' && strchr("ABCD", *x->candidate));
            chars[x->label] += strlen(x->candidate);
            n[x->label]++;
        }
    double ratio = (double)(chars[1] * n[0]) / (double)(chars[0] * n[1]);
    assert_true(ratio > 0.85 && ratio < 1.2);
    dataset_release(&d);
}

/* Every sampled puzzle has a legal answer, which is right. */
static void chess_puzzles(void **state)
{
    struct dataset d;
    const struct task_sizes sizes = sizes_of(4000, 4000, 500, 2000);
    const char *data = getenv("W2S_DATA");
    char dir[512] = "";
    (void)state;
    snprintf(dir, sizeof dir, "%s/chess", data ? data : "");
    if (!drawn(&d, "chess-puzzles", data ? dir : NULL, sizes))
        return;
    for (size_t i = 0; i < sizes.n[PART_TEST]; i++) {
        const struct example *x = &d.part[PART_TEST][i];
        assert_true(answer_judge(x, x->answer, strlen(x->answer)).right);
    }
    dataset_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apart),
        cmocka_unit_test(others),
        cmocka_unit_test(openbookqa_candidates),
        cmocka_unit_test(sciq),
        cmocka_unit_test(boolq),
        cmocka_unit_test(cola),
        cmocka_unit_test(sst2),
        cmocka_unit_test(hellaswag),
        cmocka_unit_test(hellaswag_choice),
        cmocka_unit_test(movie_sentiment),
        cmocka_unit_test(chess_puzzles),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed ? failed : ran ? 0 : SKIPPED;
}
