/* lab_cost.c - what --dry-run says of a study's jobs is what they take, where an example is several
 * texts too: operations counted at the table, memory as the jobs' own results have it. */
#include "lab_test.h"
#include "unit/count_products.h"

#include "core/par.h"
#include "lab/pace.h"

#include <math.h>

static struct bench bench;

/* The jobs of a study, in the order of --dry-run. */
struct said {
    size_t n;
    double operations, of[8], bytes[8], seconds[8], start[8]; /* of: operations of each */
    char hash[8][HASH_HEX];
    int threads[8];
};

static void said_read(struct said *s, const struct study *study)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct plan p;
    memset(s, 0, sizeof *s);
    /* a machine of known speed: measuring this one would take its time, and memory that jobs then
     * find */
    struct pace pace = {1e11, 1e11, 1e9, dev_precision(&bench.dev), par_threads()};
    bench.lab.pace = &pace;
    assert_ok(lab_plan_print(&bench.lab, study, true, &out, &e), &e);
    bench.lab.pace = NULL;
    assert_ok(doc_parse_json(&t, out.s, out.len, "plan", 1, &e), &e);
    for (const struct doc *j = t.root->child; j; j = j->next, s->n++) {
        assert_true(s->n < 8);
        s->of[s->n] = doc_get(j, "operations")->r;
        s->operations += s->of[s->n];
        s->bytes[s->n] = doc_get(j, "bytes")->r;
        s->seconds[s->n] = doc_get(j, "seconds")->r;
        s->start[s->n] = doc_get(j, "start_seconds")->r;
        memcpy(s->hash[s->n], doc_get(j, "hash")->s, HASH_HEX);
    }
    assert_ok(plan_make(&p, &bench.lab, study, &e), &e);
    for (size_t i = 0; i < p.n_jobs; i++)
        s->threads[i] = p.jobs[i]->threads;
    plan_release(&p);
    doc_tree_release(&t);
    str_release(&out);
}

enum { ROWS = 1700, TEXTS = 3, TOKENS = 8 }; /* every text is cut to so many tokens */

static void choice_files(void)
{
    struct str rows = STR_INIT;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < ROWS; i++)
        str_addf(&rows,
                 "{\"question\": \"of the films that were seen is number %zu\", \"right\": "
                 "\"good\", \"wrong\": [\"bad\", \"dull\"]}\n",
                 i);
    assert_ok(str_check(&rows, &e), &e);
    spill(in_scratch("texts.jsonl"), rows.s);
    str_release(&rows);
    spill(in_scratch("texts.yaml"),
          "name: texts\n"
          "citation: none\n"
          "licence: CC0\n"
          "kind: choice\n"
          "source: {files: {all: texts.jsonl}}\n"
          "choice: {question: question, correct: right, distractors: wrong, alternatives: 3}\n"
          "template: \"{question} {candidate}\"\n"
          "long: question\n");
}

/* study_of - a study with these overrides ($: the scratch folder). */
static void study_of(struct study *s, const char *const *overrides, size_t n)
{
    static char texts[16][600];
    const char *list[16];
    struct err e = ERR_INIT;
    for (size_t i = 0; i < n; i++)
        list[i] = override(texts[i], sizeof texts[i], "", overrides[i]);
    assert_ok(study_read(s, bench.study, list, n, &e), &e);
}

static double peak_of(const char *hash)
{
    struct str path = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    store_job_path(bench.lab.store, hash, "result.json", &path);
    assert_ok(doc_read_json(&t, path.s, &e), &e);
    double peak = doc_get(t.root, "memory_peak")->r;
    if (strcmp(doc_get(t.root, "memory_of")->s, "job") != 0)
        peak = 0;
    doc_tree_release(&t);
    str_release(&path);
    return peak;
}

#define WIDE                                                                                       \
    "task=$/texts.yaml", "data={supervise: 768, train: 768, valid: 2, test: 2, max_tokens: 8}",    \
        "student.trainable=all", "training.batch=768", "training.micro_tokens=1000000",            \
        "training.epochs=4", "training.evals=1", "methods=naive"

/* study_measured - what is said of the study, and the operations that its run takes. */
static void study_measured(struct said *said, const char *const *overrides, size_t n)
{
    struct err e = ERR_INIT;
    struct study s;
    struct lab_summary sum;
    struct ops counting;
    study_of(&s, overrides, n);
    said_read(said, &s);
    products_count(&bench.dev, &counting);
    assert_ok(lab_run(&bench.lab, &s, &sum, &e), &e);
    bench.dev.ops = own;
    assert_int_equal(said->n, s.untrained || s.supervisor.debate.n_forms ? 4 : 3);
    assert_int_equal(sum.ran, said->n);
    file_unlock(sum.hold);
    str_release(&sum.dir);
    study_release(&s);
}

/* A single block, of whose rows each text has one that is read. Attention is a few of a hundred. */
static void texts_take_the_operations_that_are_said(void **state)
{
    (void)state;
    static const char *const overrides[] = {WIDE, "student.layers=1", "training.lr=1e-3"};
    struct said said;
    study_measured(&said, overrides, sizeof overrides / sizeof *overrides);
    print_message("operations: said %.4g, counted %.4g\n", said.operations, counted);
    assert_true(said.operations > 0.9 * counted && said.operations < 1.1 * counted);
}

/* What frozen blocks make of the texts is made once: a ceiling has it made, a student finds it. */
static void frozen_blocks_are_worked_through_once(void **state)
{
    (void)state;
    static const char *const heads[] = {"student.trainable=head", "methods=naive",
                                        "training.evals=1", "data.max_tokens=8"},
                             *const tops[] = {"student.trainable=top 1", "methods=naive",
                                              "training.evals=1", "data.max_tokens=9"};
    struct said said;
    study_measured(&said, heads, 4);
    print_message("operations: said %.4g, counted %.4g\n", said.operations, counted);
    assert_true(said.operations > 0.8 * counted && said.operations < 1.25 * counted);
    assert_true(said.of[2] < 0.1 * said.of[1]);
    study_measured(&said, tops, 4);
    print_message("operations: said %.4g, counted %.4g\n", said.operations, counted);
    assert_true(said.operations > 0.8 * counted && said.operations < 1.25 * counted);
}

/* A student that learns nothing takes one forward over the test part. */
static void untrained_students_take_a_forward(void **state)
{
    (void)state;
    static const char *const with[] = {WIDE, "student.layers=1", "training.lr=1e-4",
                                       "untrained=true"};
    static const char *const without[] = {WIDE, "student.layers=1", "training.lr=1e-4"};
    struct said all, three;
    struct study s;
    study_of(&s, without, sizeof without / sizeof *without);
    said_read(&three, &s);
    study_release(&s);
    study_measured(&all, with, sizeof with / sizeof *with);
    assert_true(all.operations > 0.9 * counted && all.operations < 1.1 * counted);
    assert_true(all.operations > three.operations &&
                all.operations < 1.01 * three.operations); /* 2 examples, of thousands */
}

/* operations_of - of a study of one block that learns by these methods. */
static double operations_of(const char *by, const char *untrained)
{
    const char *overrides[] = {
        "task=$/texts.yaml",
        "data={supervise: 500, train: 500, valid: 2, test: 500, max_tokens: 8}",
        "student.layers=1",
        "student.trainable=all",
        "training.epochs=4",
        "training.evals=1",
        "high_confidence.share=1",
        "dynamics.share=1",
        by,
        untrained};
    struct said said;
    struct study s;
    study_of(&s, overrides, sizeof overrides / sizeof *overrides);
    said_read(&said, &s);
    study_release(&s);
    return said.operations;
}

/* Beside a student at naive's cost: a training that keeps what it says of its own part predicts it
 * at its four points; student and supervisor, which are one model here, say once of both parts what
 * they do as they start. What chooses and what mixes takes nothing. */
static void methods_between_take_their_forwards(void **state)
{
    (void)state;
    const char *none = "untrained=false";
    double naive = operations_of("methods=naive", none),
           two = operations_of("methods=[naive, high_confidence]", none),
           chosen = operations_of("methods=[naive, dynamics]", none),
           mixed = operations_of("methods=[naive, logit_contrast]", none),
           forward = operations_of("methods=naive", "untrained=true") - naive;
    assert_true(forward > 0 && two > naive);
    assert_true(fabs((chosen - two) / forward - 4) < 1e-3);
    assert_true(fabs((mixed - two) / forward - 2) < 1e-3);
}

/* Of a job of a few products it is the rest that takes the time: to load, to tokenize, to begin and
 * end operations, to write files. None of it is less than a hundredth of a second, on any machine.
 */
static void short_jobs_take_more_than_their_products(void **state)
{
    (void)state;
    struct study s;
    struct said once, often;
    static const char *const more[] = {"training.epochs=200"};
    study_of(&s, NULL, 0);
    said_read(&once, &s);
    study_release(&s);
    study_of(&s, more, 1);
    said_read(&often, &s);
    study_release(&s);
    for (size_t i = 0; i < once.n; i++) {
        assert_true(once.start[i] > 0.01 && once.seconds[i] > once.start[i]);
        /* 2 and 200 epochs of 2 or 3 steps: 400 passes more of a block or 4, of which two learn */
        assert_true(often.seconds[i] - once.seconds[i] > 400 * 20e-6);
        assert_true(often.start[i] < 10 * once.start[i]);
    }
}

/* Beside a job there is the program, whatever the job: of two jobs the difference is theirs. */
static void texts_take_the_memory_that_is_said(void **state)
{
    (void)state;
    static const char *const overrides[] = {WIDE};
    struct said said;
    study_measured(&said, overrides, sizeof overrides / sizeof *overrides);
    double small = peak_of(said.hash[0]), large = peak_of(said.hash[1]);
    double more = said.bytes[1] - said.bytes[0];
    print_message("memory: said %.1f and %.1f MB, peaks %.1f and %.1f MB\n", said.bytes[0] / 1e6,
                  said.bytes[1] / 1e6, small / 1e6, large / 1e6);
    if (!small || !large) {
        print_message("SKIP: the peak is not the job's own\n");
        return;
    }
    assert_true(large - small > 0.8 * more && large - small < 1.25 * more);
}

/* A piece is small by all its texts, and as long as its longest example, which is never cut in two:
 * */
static void pieces_are_of_whole_examples(void **state)
{
    (void)state;
#define COMMON "data.max_tokens=8", "student.trainable=all", "training.batch=200"
    static const char *const three[] = {"task=$/texts.yaml", COMMON, "training.micro_tokens=9999"},
                             *const one[] = {"task=$/toy.yaml", COMMON,
                                             "training.micro_tokens=9999"},
                             *const cut[] = {"task=$/texts.yaml", COMMON,
                                             "training.micro_tokens=24"},
                             *const less[] = {"task=$/texts.yaml", COMMON,
                                              "training.micro_tokens=1"};
    struct study s;
    struct said a, b;
    study_of(&s, three, 5);
    said_read(&a, &s);
    assert_int_equal(a.threads[1], 2);
    study_release(&s);
    study_of(&s, one, 5);
    said_read(&a, &s);
    assert_int_equal(a.threads[1], 1);
    study_release(&s);
    study_of(&s, cut, 5);
    said_read(&a, &s);
    study_release(&s);
    study_of(&s, less, 5);
    said_read(&b, &s);
    study_release(&s);
    assert_true(a.bytes[1] > 0 && a.bytes[1] == b.bytes[1]);
}

/* Labels with errors along a direction are made of a forward over all texts that they are of, which
 * another such supervisor finds done; uniform errors are made of nothing. */
static void a_direction_takes_a_forward(void **state)
{
    (void)state;
    static const char *const direction[] = {
        "supervisor={simulated: [{errors: direction, accuracy: 0.8, layers: 1}, {errors: "
        "direction, accuracy: 0.6, layers: 1}, {errors: uniform, accuracy: 0.8}]}",
        "data.max_tokens=4", "methods=naive"};
    const struct trainable all = {TRAIN_ALL, 0, false, {0}};
    struct model_config c;
    struct err e = ERR_INIT;
    struct study s;
    struct said said;
    struct plan p;
    study_of(&s, direction, 3);
    said_read(&said, &s);
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    c = job_config(p.jobs[0]);
    plan_release(&p);
    study_release(&s);
    assert_int_equal(said.n, 7); /* of each supervisor a student; a ceiling */
    assert_int_equal(c.layers, 1);
    double forward = model_flops(&c, &all, 1000, 40, false) / 3 / 1000 * 4 * (12 + 6 + 10);
    assert_true(fabs(said.of[0] - forward) < 1e-9 * forward);
    assert_true(said.bytes[0] > 0 && said.seconds[0] > said.start[0]);
    assert_true(said.of[3] == 0 && said.of[5] == 0);
    assert_true(said.bytes[3] > 0 && said.bytes[5] == 0); /* it loads the model, if only that */
    assert_true(said.of[1] > 0 && said.of[2] > 0 && said.of[4] > 0 && said.of[6] > 0);
}

/* result_of - a number of a finished job's. */
static double result_of(const char *hash, const char *key)
{
    struct str path = STR_INIT;
    struct doc_tree t = DOC_TREE_INIT;
    struct err e = ERR_INIT;
    store_job_path(bench.lab.store, hash, "result.json", &path);
    assert_ok(doc_read_json(&t, path.s, &e), &e);
    double x = doc_get(t.root, key)->r;
    doc_tree_release(&t);
    str_release(&path);
    return x;
}

/* repair_said - operations of a study of one method that repairs labels: all else is the same for
 * all of these. */
static double repair_said(const char *by, const char *setting)
{
    const char *overrides[] = {by, setting, "data.max_tokens=4"};
    struct study s;
    struct said said;
    study_of(&s, overrides, 3);
    said_read(&said, &s);
    study_release(&s);
    return said.operations;
}

/* What labels are repaired by, by hand: distances of all pairs, to three that are taken,
 * regressions on all folds but one, a hundred times F and its gradient. */
static void repairs_take_their_distances_and_fits(void **state)
{
    struct err e = ERR_INIT;
    struct study s;
    struct plan p;
    (void)state;
    study_of(&s, NULL, 0);
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    double n = (double)p.data[0].n[PART_TRAIN], C = (double)job_config(p.jobs[0]).channels,
           fit = 100 * n * 4 * C;
    plan_release(&p);
    study_release(&s);
    double knn = repair_said("methods=knn", "knn.k=2"),
           two = repair_said("methods=confident_learning", "confident_learning.folds=2"),
           five = repair_said("methods=confident_learning", "confident_learning.folds=5");
    assert_true(n > 5 && two > fit);
    assert_true(fabs(five - two - 3 * fit) < 1e-6 * two);
    assert_true(fabs(knn - two - (2 * n * (n - 1) * C - fit)) < 1e-6 * two);
    static const char *const both[] = {"methods=[knn, confident_learning]", "data.max_tokens=4"};
    struct lab_summary sum;
    struct said said;
    study_of(&s, both, 2);
    said_read(&said, &s);
    assert_ok(lab_run(&bench.lab, &s, &sum, &e), &e);
    double took[2];
    size_t repairs = 0;
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    for (size_t i = 0; i < p.n_jobs; i++)
        if (p.jobs[i]->role == JOB_REPAIR) {
            assert_true(repairs < 2);
            took[repairs] = result_of(said.hash[i], "flops") / said.of[i];
            print_message("%s: %.3f of what is said\n", p.jobs[i]->label, took[repairs]);
            repairs++;
        }
    assert_int_equal(repairs, 2);
    assert_true(fabs(took[0] - 1) < 0.05); /* the forward is told by 1,000 tokens of others */
    assert_true(took[1] > 0.1 && took[1] < 10);
    plan_release(&p);
    file_unlock(sum.hold);
    str_release(&sum.dir);
    study_release(&s);
}

/* A probe of naive's student takes no training, alone it does; what is probed is read once more. */
static void a_probe_of_naive_trains_nothing(void **state)
{
    static const char *const taught[] = {"methods=naive", "methods=[naive, finetune_probe]",
                                         "methods=finetune_probe"};
    struct said said[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct study s;
        study_of(&s, &taught[i], 1);
        said_read(&said[i], &s);
        study_release(&s);
        assert_int_equal(said[i].n, i == 1 ? 4 : 3);
    }
    assert_string_equal(said[0].hash[2], said[1].hash[2]);
    assert_string_equal(said[1].hash[3], said[2].hash[2]);
    assert_true(said[0].of[2] > 0 && said[1].of[2] > said[0].of[2] && said[1].of[3] > 0);
    assert_true(said[1].bytes[3] > 0 && said[1].bytes[3] < said[1].bytes[2]);
    assert_true(fabs(said[2].of[2] - said[1].of[2] - said[1].of[3]) < 1e-9 * said[1].of[2]);
}

#define ARGUED                                                                                     \
    "data={supervise: 8, train: 12, valid: 0, test: 10, max_tokens: 4}", "methods=naive",          \
        "supervisor.debate={form: debate, tokens: 5, samples: 1, turns: 1}"

static double tokens_of(const struct job *j, const char *text)
{
    struct token_ids ids = {.n = 0};
    struct err e = ERR_INIT;
    assert_ok(tokenizer_encode(j->model->tokenizer, text, strlen(text), false, &ids, &e), &e);
    double n = (double)ids.n;
    token_ids_release(&ids);
    return n;
}

/* By hand: two sides of 30 examples, whose parts have 100, 200 and 300 tokens; of one draft, of
 * three of which one is chosen, and these in two turns, of which the second reads the first. */
static void arguments_take_what_is_read_and_written(void **state)
{
    static const char *const overrides[] = {ARGUED, "supervisor.debate.samples=3",
                                            "supervisor.debate.turns=2"};
    static const size_t tokens[PART_COUNT] = {100, 200, 0, 300};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct err e = ERR_INIT;
        struct study s;
        struct plan p;
        double written;
        const struct job *j = NULL, *judge = NULL;
        study_of(&s, overrides, 3 + i);
        assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
        for (size_t k = 0; k < p.n_jobs; k++)
            j = job_argues(p.jobs[k]) ? p.jobs[k] : j;
        for (size_t k = 0; k < p.n_jobs; k++)
            judge = p.jobs[k]->arguments ? p.jobs[k] : judge;
        assert_true(j && judge);
        const double asked = tokens_of(j, "\nAnswer: negative, because") +
                             tokens_of(j, "\nAnswer: positive, because"),
                     lines = tokens_of(j, "\nArgument for negative: ") +
                             tokens_of(j, "\nArgument for positive: ") + 2 * 5,
                     choice = 6 * (600 + 30 * tokens_of(j, "\nAnswer:")) + 3 * 30 * lines,
                     read[] = {2 * 600 + 30 * asked, 6 * 600 + 3 * 30 * asked + choice,
                               2 * (6 * 600 + 3 * 30 * asked + choice) + 6 * 30 * lines},
                     writes[] = {2 * 30 * 5, 6 * 30 * 5, 2 * 6 * 30 * 5};
        assert_true(fabs(arguing_tokens(&p, j, tokens, &written) - read[i]) < 1e-9);
        assert_true(fabs(written - writes[i]) < 1e-9);
        assert_true(fabs(heard_tokens(&p, judge) - (i == 2 ? 2 : 1) * lines) < 1e-9);
        assert_true(heard_tokens(&p, j) < 1e-9);
        plan_release(&p);
        study_release(&s);
    }
}

/* The micro model seldom ends a line: it writes as much as it may. */
static void arguments_take_the_operations_that_are_said(void **state)
{
    (void)state;
    static const char *const overrides[] = {ARGUED, "student.trainable=head"};
    struct said said;
    study_measured(&said, overrides, 4);
    print_message("operations: said %.4g, counted %.4g\n", said.operations, counted);
    assert_true(said.operations > 0.8 * counted && said.operations < 1.25 * counted);
}

/* prompts_tokens - of what a job of arguments reads before its first words, text by text. */
static double prompts_tokens(const struct plan *p, const struct job *j, size_t *texts)
{
    static const char *const sides[] = {"negative", "positive"};
    double sum = 0;
    *texts = 0;
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < p->data[0].n[part]; i++)
            for (size_t k = 0; k < 2; k++, ++*texts) {
                const struct example *x = &p->data[0].part[part][i];
                char text[1000];
                snprintf(text, sizeof text, "%.*s\nAnswer: %s, because", (int)x->len, x->text,
                         sides[k]);
                sum += tokens_of(j, text);
            }
    return sum;
}

/* What the job of arguments of such a study took: of texts with a choice among `samples` drafts. */
struct argued {
    size_t texts;
    double prompts, tokens, flops,
        tails; /* tails: of the classes' words behind their first token */
    struct model_config c;
};

static void argued_run(struct argued *a, const char *const *overrides, size_t n)
{
    struct err e = ERR_INIT;
    struct said said;
    struct study s;
    struct plan p;
    study_measured(&said, overrides, n);
    study_of(&s, overrides, n);
    assert_ok(plan_make(&p, &bench.lab, &s, &e), &e);
    for (size_t i = 0; i < p.n_jobs; i++) {
        const struct job *j = p.jobs[i];
        if (!job_argues(j))
            continue;
        a->c = job_config(j);
        a->prompts = prompts_tokens(&p, j, &a->texts);
        a->tokens = result_of(j->hash, "predicted_tokens");
        a->flops = result_of(j->hash, "flops");
        a->tails = tokens_of(j, " negative") + tokens_of(j, " positive") - 2;
    }
    assert_int_equal(a->texts, 60);
    plan_release(&p);
    study_release(&s);
}

/* By hand, of the tokens that the result says: all that were read but the prompts were written, and
 * each of them was drawn from logits. Of three drafts all are read once more, to choose: of what is
 * read then the words have logits. */
static void arguments_count_what_they_took(void **state)
{
    static const char *const one[] = {ARGUED, "student.trainable=head", "seed.split=1"},
                             *const three[] = {ARGUED, "student.trainable=head", "seed.split=2",
                                               "supervisor.debate.samples=3"};
    const struct trainable all = {TRAIN_ALL, 0, false, {0}};
    struct argued a;
    (void)state;
    argued_run(&a, one, 5);
    assert_true(a.tokens > a.prompts && a.tokens <= a.prompts + 60 * 5);
    double want = model_flops_lm(&a.c, &all, a.tokens, 60, a.tokens - a.prompts) / 3;
    assert_true(fabs(a.flops - want) < 1e-9 * want);

    argued_run(&a, three, 6);
    double read = 3 * a.prompts, most = 3 * 60 * 5, drafts = 3 * 60, bounds[2];
    assert_true(a.tokens >
                read + most + drafts * (4 + a.tails)); /* of a text of 4 tokens at least */
    for (size_t i = 0; i < 2; i++) {
        double written = most * (i ? 1 : .7);
        bounds[i] =
            model_flops_lm(&a.c, &all, read + written, drafts, written) / 3 +
            model_flops_lm(&a.c, &all, a.tokens - read - written, drafts, drafts * (1 + a.tails)) /
                3;
    }
    print_message("operations: %.5g, between %.5g and %.5g\n", a.flops, bounds[0], bounds[1]);
    assert_true(a.flops > bounds[0] && a.flops < bounds[1] * (1 + 1e-9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_take_the_operations_that_are_said),
        cmocka_unit_test(frozen_blocks_are_worked_through_once),
        cmocka_unit_test(untrained_students_take_a_forward),
        cmocka_unit_test(methods_between_take_their_forwards),
        cmocka_unit_test(short_jobs_take_more_than_their_products),
        cmocka_unit_test(texts_take_the_memory_that_is_said),
        cmocka_unit_test(pieces_are_of_whole_examples),
        cmocka_unit_test(a_direction_takes_a_forward),
        cmocka_unit_test(a_probe_of_naive_trains_nothing),
        cmocka_unit_test(repairs_take_their_distances_and_fits),
        cmocka_unit_test(arguments_take_what_is_read_and_written),
        cmocka_unit_test(arguments_take_the_operations_that_are_said),
        cmocka_unit_test(arguments_count_what_they_took),
    };
    bench_open(&bench);
    bench.lab.threads = 2;
    choice_files();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
