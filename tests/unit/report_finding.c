/* report_finding.c - hand-made findings: what is none is refused with a sentence, and what is said
 * of one that was run in part, of few seeds, or whose file has changed since. */
#include "store_test.h"

#include "report/finding.h"

#include <math.h>

#define STUDY_ONE                                                                                  \
    "{\"as\":\"one\",\"study\":\"s\",\"set\":[\"seeds=3\"],\"seeds\":3,\"train\":9,\"test\":200}"
#define CLAIM_ONE                                                                                  \
    "{\"say\":\"it grows\",\"statistic\":\"mean of gain\",\"value\":[0.2,0.1,null],\"above\":0,"   \
    "\"verdict\":\"holds\"}"
static const char good[] =
    "{\"format\":1,\"name\":\"tried\",\"file_hash\":\"1a\",\"title\":\"A title\",\"source\":\"me\","
    "\"shape\":\"All is well\",\"scale\":\"laptop\",\"level\":0.95,\"seconds\":9,\"ladders\":[],"
    "\"studies\":[" STUDY_ONE "],\"claims\":[" CLAIM_ONE "],\"verdict\":\"holds\","
    "\"panels\":[{\"title\":\"P\",\"label\":\"y\",\"x\":\"student_size\",\"lines\":[{\"name\":"
    "\"naive\",\"points\":[[1e6,0.5,0.4,null],[2e6,0.6,null,null]]}]},{\"title\":\"Q\",\"label\":"
    "\"y\",\"x\":\"method\",\"names\":[\"naive\",\"other\"],\"lines\":[{\"name\":\"\",\"points\":[["
    "0.0,0.5,0.4,"
    "0.6],[1.0,0.7,null,0.8]]}]}],\"pairs\":[{\"study\":\"one\",\"task\":\"t\",\"supervisor\":"
    "\"a\",\"student\":\"b\","
    "\"method\":\"naive\",\"weak_accuracy\":[0.5,0.4,0.6],\"student_accuracy\":[0.6,0.5,0.7],"
    "\"ceiling_accuracy\":[0.7,0.6,0.8],\"pgr\":[null,null,null]}]}";

#define PGR_NONE "\"pgr\":[null,null,null]"
#define COST(tokens, flops, per)                                                                   \
    "\"cost\":{\"jobs\":2,\"tokens\":" tokens ",\"seconds\":63.2,\"flops\":" flops                 \
    ",\"pgr_per_pflop\":" per "}"

/* other - the good one, in which `to` stands in the place of `from`; heap. */
static struct str other(const char *from, const char *to)
{
    struct str s = STR_INIT;
    const char *at = strstr(good, from);
    assert_non_null(at);
    str_catn(&s, good, (size_t)(at - good));
    str_cat(&s, to);
    str_cat(&s, at + strlen(from));
    return s;
}

static void read_json(struct doc_tree *t, const struct str *json)
{
    struct err e = ERR_INIT;
    *t = (struct doc_tree)DOC_TREE_INIT;
    assert_ok(doc_parse_json(t, json->s, json->len, "f/finding.json", 1, &e), &e);
}

/* What is no finding is refused: the file, the key, what is there, what is wanted. */
static void refused(void **state)
{
    static const struct {
        const char *from, *to, *sentence;
    } cases[] = {
        {"\"format\":1", "\"format\":2", "\"format\" is 2, wanted 1"},
        {"\"format\":1,", "", "\"format\" is missing, wanted 1"},
        {"\"name\":\"tried\"", "\"name\":\"../x\"",
         "\"name\" is \"../x\", wanted a name of letters, digits, - _ ."},
        {"\"scale\":\"laptop\"", "\"scale\":\"\"", "\"scale\" is \"\", wanted a name of"},
        {"\"title\":\"A title\"", "\"title\":7", "\"title\" is 7, wanted a string"},
        {"\"level\":0.95", "\"level\":null", "\"level\" is null, wanted a number"},
        {"\"verdict\":\"holds\",\"panels\"", "\"verdict\":\"maybe\",\"panels\"",
         "\"verdict\" is \"maybe\", wanted holds, does not hold or cannot tell"},
        {"\"ladders\":[]", "\"ladders\":[1]", "\"ladders\" is a list, wanted a list of strings"},
        {"\"studies\":[" STUDY_ONE "],", "", "\"studies\" is missing, wanted a list of maps"},
        {"\"studies\":[" STUDY_ONE "]", "\"studies\":{}",
         "\"studies\" is a map, wanted a list of maps"},
        {STUDY_ONE, "", "\"studies\" is empty, wanted one at least"},
        {STUDY_ONE, "7", "\"studies\" is a list, wanted a list of maps"},
        {"\"set\":[\"seeds=3\"],", "", "\"studies[0].set\" is missing, wanted a list of strings"},
        {"\"seeds\":3,", "", "\"studies[0].seeds\" is missing, wanted a number"},
        {"\"seeds\":3,", "\"seeds\":3,\"failed\":\"x\",",
         "\"studies[0].failed\" is \"x\", wanted a number"},
        {"\"seeds\":3,", "\"seeds\":3,\"untaught\":1,",
         "\"studies[0].untaught\" is 1, wanted true or false"},
        {CLAIM_ONE, "", "\"claims\" is empty, wanted one at least"},
        {"\"say\":\"it grows\"", "\"say\":[]", "\"claims[0].say\" is a list, wanted a string"},
        {"\"value\":[0.2,0.1,null]", "\"value\":[0.2,0.1]",
         "\"claims[0].value\" is a list, wanted a list of three: a number, and its interval's"},
        {"\"value\":[0.2,0.1,null]", "\"value\":[\"0.2\",0.1,null]", "\"claims[0].value\""},
        {"\"value\":[0.2,0.1,null]", "\"value\":[0.2,0.1,\"infinite\"]", "\"claims[0].value\""},
        {"\"value\":[0.2,0.1,null]", "\"value\":[\"inf\",0.1,null]", "\"claims[0].value\""},
        {"\"value\":[0.2,0.1,null]", "\"value\":[0.2,\"-inf\",\"inf\"]", NULL},
        {"\"above\":0,", "",
         "\"claims[0]\" has 0 of \"above\", \"below\" and \"within\", wanted one"},
        {"\"above\":0", "\"above\":0,\"below\":1",
         "\"claims[0]\" has 2 of \"above\", \"below\" and \"within\", wanted one"},
        {"\"above\":0", "\"above\":\"0\"", "\"claims[0].above\" is \"0\", wanted a number"},
        {"\"x\":\"method\",", "", "\"panels[1].x\" is missing, wanted a string"},
        {"\"names\":[\"naive\",\"other\"]", "\"names\":\"naive\"",
         "\"panels[1].names\" is \"naive\", wanted a list of strings"},
        {"\"lines\":[{\"name\":\"\"", "\"lines\":[{\"name\":0",
         "\"panels[1].lines[0].name\" is 0, wanted a string"},
        {"\"points\":[[0.0,0.5,0.4,0.6],[1.0,0.7,null,0.8]]", "\"points\":7",
         "\"panels[1].lines[0].points\" is 7, wanted a list of points"},
        {"\"points\":[[0.0,0.5,0.4,0.6],[1.0,0.7,null,0.8]]", "\"points\":[]", NULL},
        {"[0.0,0.5,0.4,0.6]", "[2.0,0.5,0.4,0.6]",
         "\"panels[1].lines[0].points[0]\" is none, wanted four: x (the place of one of"},
        {"[0.0,0.5,0.4,0.6]", "[0.5,0.5,0.4,0.6]", "\"panels[1].lines[0].points[0]\" is none"},
        {"[0.0,0.5,0.4,0.6]", "[0,0.5,0.4]", "\"panels[1].lines[0].points[0]\" is none"},
        {"[2e6,0.6,null,null]", "[-2e6,0.6,null,null]",
         "\"panels[0].lines[0].points[1]\" is none, wanted four: x (a number above 0), a value"},
        {"[2e6,0.6,null,null]", "[2e6,null,null,null]", "\"panels[0].lines[0].points[1]\" is none"},
        {"\"panels\":[", "\"panels\":7,\"was\":[", "\"panels\" is 7, wanted a list of maps"},
        {"\"student\":\"b\",", "", "\"pairs[0].student\" is missing, wanted a string"},
        {"\"pgr\":[null,null,null]", "\"pgr\":null", "\"pairs[0].pgr\" is null, wanted a list"},
        {PGR_NONE, PGR_NONE ",\"cost\":7", "\"pairs[0].cost\" is 7, wanted a map"},
        {PGR_NONE, PGR_NONE ",\"cost\":{}",
         "\"pairs[0].cost.tokens\" is missing, wanted a number or"},
        {PGR_NONE, PGR_NONE "," COST("\"x\"", "1", "[1,1,1]"), "\"pairs[0].cost.tokens\" is \"x\""},
        {PGR_NONE, PGR_NONE "," COST("9", "1", "1"), "\"pairs[0].cost.pgr_per_pflop\" is 1"},
        {PGR_NONE, PGR_NONE "," COST("9", "null", "[null,null,null]"), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str json = other(cases[i].from, cases[i].to);
        struct err e = ERR_INIT;
        struct doc_tree t;
        read_json(&t, &json);
        int rc = finding_check(t.root, &e);
        if (!cases[i].sentence) {
            assert_ok(rc, &e);
        } else if (rc != ERR_INPUT || strncmp(e.msg, "f/finding.json:1: ", 18) != 0 ||
                   !strstr(e.msg, cases[i].sentence)) {
            fail_msg("of %s it is said: %s", cases[i].sentence, e.msg);
        }
        doc_tree_release(&t);
        str_release(&json);
    }
    (void)state;
}

/* A page with one finding of this JSON; heap. */
static struct str page(const struct str *json, const char *hash, const char *old, bool html)
{
    struct finding_now now = {"tried", "laptop", hash};
    struct doc_tree t;
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    const char *none = "nowhere";
    read_json(&t, json);
    assert_ok(finding_check(t.root, &e), &e);
    const struct doc *root = t.root;
    struct findings f = {&root, &none, 1, &now, 1};
    assert_ok(html ? findings_html(&f, &out, &e) : findings_markdown(&f, "figures", old, &out, &e),
              &e);
    doc_tree_release(&t);
    return out;
}

#define STUDY_GONE "{\"as\":\"two\",\"study\":\"s\",\"set\":[],\"missing\":\"no data\"}"
#define STUDY_FAILS                                                                                \
    "{\"as\":\"one\",\"study\":\"s\",\"set\":[],\"seeds\":3,\"test\":9,\"failed\":2}"
#define STUDY_SEEDS(n)                                                                             \
    "{\"as\":\"n" #n "\",\"study\":\"s\",\"set\":[],\"seeds\":" #n ",\"test\":200}"
#define STUDY_ON(as, device)                                                                       \
    "{\"as\":\"" as "\",\"study\":\"s\",\"set\":[],\"seeds\":3,\"test\":200,\"device\":\"" device  \
    "\"}"
#define STUDY_UNTAUGHT(is)                                                                         \
    "{\"as\":\"one\",\"study\":\"s\",\"set\":[],\"seeds\":3,\"test\":200,\"untaught\":" is "}"
#define UNTOLD                                                                                     \
    CLAIM_ONE ",{\"say\":\"and more\",\"statistic\":\"mean\",\"value\":[0,-1,1],\"below\":0,"      \
              "\"verdict\":\"cannot tell\"}"

/* The sentence says how much of it was run, and that few seeds are few runs; so does the table. */
static void sentences(void **state)
{
    static const struct {
        const char *from, *to, *sentence, *row;
    } cases[] = {
        {"A title", "A title", "The paper's shape holds here: its claim does.", "| holds |"},
        {STUDY_ONE, STUDY_ONE "," STUDY_GONE,
         "As far as it could be run (1 of 2 studies), the paper's shape holds: its claim does.",
         "| holds (1 of 2 studies) |"},
        {STUDY_ONE, STUDY_FAILS,
         "As far as it could be run (2 jobs of study one failed), the paper's shape holds: its",
         "| holds (2 jobs failed) |"},
        {STUDY_ONE, STUDY_FAILS "," STUDY_GONE,
         "As far as it could be run (1 of 2 studies; 2 jobs of study one failed), the paper's",
         "| holds (1 of 2 studies; 2 jobs failed) |"},
        {STUDY_ONE, STUDY_UNTAUGHT("true"),
         "its claim does. Neither a ceiling nor a student is told from a constant answer: nothing "
         "was learnt there.",
         "| holds (nothing learnt) |"},
        {STUDY_ONE, STUDY_UNTAUGHT("true") "," STUDY_SEEDS(4) "," STUDY_GONE,
         "its claim does. In 1 of 2 studies neither a ceiling nor a student is told from a "
         "constant",
         "| holds (2 of 3 studies; nothing learnt in 1) |"},
        {STUDY_ONE, STUDY_SEEDS(1), "In this one run the paper's shape holds: its claim does.",
         "| 1 |"},
        {STUDY_ONE, STUDY_SEEDS(2), "In 2 runs the paper's shape holds: its claim does.", "| 2 |"},
        {STUDY_ONE, STUDY_SEEDS(1) "," STUDY_SEEDS(4),
         "In 1 to 4 runs the paper's shape holds:", "| 1 to 4 |"},
        {STUDY_ONE, STUDY_SEEDS(3) "," STUDY_SEEDS(4), "The paper's shape holds here: its claim",
         "| 3 to 4 |"},
        {STUDY_ONE, STUDY_SEEDS(1) "," STUDY_GONE,
         "As far as it could be run (1 of 2 studies), in this one run the paper's shape holds:",
         "| holds (1 of 2 studies) |"},
        {STUDY_ONE "],\"claims\":[" CLAIM_ONE, STUDY_ONE "],\"claims\":[" UNTOLD,
         "Cannot tell at this size: 1 of 2 claims holds, the others cannot be told.", "| 1 of 2 |"},
        {STUDY_ONE "],\"claims\":[" CLAIM_ONE, STUDY_SEEDS(1) "],\"claims\":[" UNTOLD,
         "In this one run it cannot be told at this size: 1 of 2 claims holds, the others cannot "
         "be told.",
         "| 1 of 2 |"},
        {CLAIM_ONE "],\"verdict\":\"holds\"", UNTOLD "],\"verdict\":\"does not hold\"",
         "The paper's shape does not hold here: 0 of 2 claims are contradicted, 1 holds.",
         "| does not hold |"},
        {STUDY_ONE "],\"claims\":[" CLAIM_ONE "],\"verdict\":\"holds\"",
         STUDY_FAILS "],\"claims\":[" CLAIM_ONE "," CLAIM_ONE "," UNTOLD
                     "],\"verdict\":\"does not hold\"",
         "(2 jobs of study one failed), the paper's shape does not hold: 0 of 4 claims are",
         "| does not hold (2 jobs failed) |"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str json = other(cases[i].from, cases[i].to), text = STR_INIT;
        struct err e = ERR_INIT;
        struct doc_tree t;
        read_json(&t, &json);
        assert_ok(finding_text(t.root, 1000, &text, &e), &e);
        struct str markdown = page(&json, "1a", "", false), html = page(&json, "1a", "", true);
        const char *quote = strchr(cases[i].sentence, '\'');
        if (!strstr(text.s, cases[i].sentence) || !strstr(markdown.s, cases[i].sentence) ||
            !strstr(html.s, quote ? quote + 1 : cases[i].sentence) ||
            !strstr(markdown.s, cases[i].row))
            fail_msg("not said: %s %s: %s", cases[i].sentence, cases[i].row, markdown.s);
        doc_tree_release(&t);
        str_release(&json);
        str_release(&text);
        str_release(&markdown);
        str_release(&html);
    }
    struct str told = other(STUDY_ONE, STUDY_UNTAUGHT("false")),
               taught = page(&told, "1a", "", false);
    assert_null(strstr(taught.s, "told from a constant"));
    str_release(&told);
    str_release(&taught);
    struct str json = other(STUDY_ONE, STUDY_FAILS "," STUDY_GONE),
               markdown = page(&json, "1a", "", false), html = page(&json, "1a", "", true);
    assert_non_null(strstr(markdown.s, "(9 test examples, 3 seeds); 2 jobs of study one failed; "
                                       "laptop scale, 1 study and 1 that could not be run, "));
    assert_non_null(strstr(html.s, ">holds (1 of 2 studies; 2 jobs failed)<"));
    str_release(&json);
    str_release(&markdown);
    str_release(&html);
    (void)state;
}

/* A title that ends a sentence gets no other full stop. */
static void titles(void **state)
{
    static const char *const cases[][2] = {{"A title", "\n\nA title.\n\n"},
                                           {"Do more labels help?", "\n\nDo more labels help?\n\n"},
                                           {"They help.", "\n\nThey help.\n\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str json = other("A title", cases[i][0]), out = page(&json, "1a", "", false);
        assert_non_null(strstr(out.s, cases[i][1]));
        str_release(&json);
        str_release(&out);
    }
    (void)state;
}

/* A claim's bound, on either side or both. */
/* A caveat stands on the page; what the studies were computed on is said once each, as text that
 * stays in its line; of studies that do not say it nothing is. */
static void devices(void **state)
{
    struct str three = other(STUDY_ONE, STUDY_ON("one", "cpu: A|B\\n## x") "," STUDY_ON(
                                            "two", "cpu: A|B\\n## x") "," STUDY_ON("three", "<C>"));
    struct str none = other("A title", "A title");
    struct str out = page(&three, "1a", "", false);
    assert_non_null(strstr(out.s, " is there. Computed on cpu: A\\|B ## x; <C>.\n"));
    str_release(&out);
    out = page(&three, "1a", "", true);
    assert_non_null(strstr(out.s, "Computed on cpu: A|B\n## x; &lt;C&gt;.</p>"));
    str_release(&out);
    out = page(&none, "1a", "", false);
    assert_non_null(strstr(out.s, " is there.\n"));
    assert_null(strstr(out.s, "Computed on"));
    str_release(&out);
    str_release(&three), str_release(&none);
    three = other("\"scale\"", "\"caveat\":\"Toys | <all>.\",\"scale\"");
    out = page(&three, "1a", "", false);
    assert_non_null(strstr(out.s, "**Caveat**: Toys \\| <all>.\n"));
    str_release(&out);
    out = page(&three, "1a", "", true);
    assert_non_null(strstr(out.s, "<p>Caveat: Toys | &lt;all&gt;.</p>"));
    str_release(&out);
    str_release(&three);
    (void)state;
}

/* An interval without an end says so, and so does a number that has none. */
static void infinite_bounds(void **state)
{
    static const struct {
        const char *value, *words;
    } cases[] = {
        {"[0.2,0.1,0.3]", "| 0.200 [0.100 0.300], wanted"},
        {"[0.2,\"-inf\",\"inf\"]", "| 0.200 [-∞ ∞], wanted"},
        {"[0.2,\"-inf\",0.3]", "| 0.200 [-∞ 0.300], wanted"},
        {"[0.2,\"inf\",\"inf\"]", "| 0.200 [∞ ∞], wanted"},
        {"[0.2,null,null]", "| 0.200 [no interval], wanted"},
        {"[null,null,null]", "| undefined, wanted"},
        /* as earlier versions wrote it */
        {"[0.2,null,0.3]", "| 0.200 [-∞ 0.300], wanted"},
        {"[0.2,0.1,null]", "| 0.200 [0.100 ∞], wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str json = other("[0.2,0.1,null]", cases[i].value),
                   out = page(&json, "1a", "", false);
        if (!strstr(out.s, cases[i].words))
            fail_msg("not said: %s", cases[i].words);
        str_release(&json);
        str_release(&out);
    }
    (void)state;
}

static void bounds(void **state)
{
    static const struct {
        const char *bound, *words;
    } cases[] = {{"\"above\":0.5", "0.200 [0.100 ∞], wanted above 0.5: mean of gain"},
                 {"\"below\":-1", "0.200 [0.100 ∞], wanted below -1: mean of gain"},
                 {"\"within\":0.05", "0.200 [0.100 ∞], wanted within 0.05 of 0: mean of gain"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str json = other("\"above\":0", cases[i].bound), out = page(&json, "1a", "", false);
        assert_non_null(strstr(out.s, cases[i].words));
        str_release(&json);
        str_release(&out);
    }
    (void)state;
}

/* Every point by the name that it lies at, or its number. */
static void points(void **state)
{
    struct str json = other("A title", "A title"), csv = STR_INIT;
    struct doc_tree t;
    read_json(&t, &json);
    finding_csv(t.root, &csv);
    assert_string_equal(csv.s, "panel,line,x_axis,x,value,lo,hi\n"
                               "P,naive,student_size,1000000,0.5,0.4,\n"
                               "P,naive,student_size,2000000,0.6,,\n"
                               "Q,,method,naive,0.5,0.4,0.6\n"
                               "Q,,method,other,0.7,,0.8\n");
    doc_tree_release(&t);
    str_release(&json);
    str_release(&csv);
    csv = (struct str)STR_INIT;
    json = other("[1.0,0.7,null,0.8]", "[1.0,0.7,\"-inf\",\"inf\"]");
    read_json(&t, &json);
    finding_csv(t.root, &csv);
    assert_non_null(strstr(csv.s, "\nQ,,method,other,0.7,-inf,inf\n"));
    doc_tree_release(&t);
    str_release(&json);
    str_release(&csv);
    (void)state;
}

/* What pairs took stands in the table, of none where it is not known of any; bands have none. */
static void pairs_cost(void **state)
{
    static const struct {
        const char *more, *row;
    } cases[] = {
        {"", "| – |\n"},
        {"," COST("1234567", "2.5e13", "[4.5678,1,\"inf\"]"),
         "| – | 1,234,567 | 25 | 1m 03s | 4.57 |\n"},
        {"," COST("9", "null", "[null,null,null]"), "| – | 9 | – | 1m 03s | – |\n"},
        {"," COST("-1e300", "1e300", "[1e300,1,1]"), "| – | – | 1e+288 | 1m 03s | 1e+300 |\n"},
        {"," COST("9", "1e12",
                  "[1,1,1]") "},{\"study\":\"one\",\"supervisor\":\"a\",\"student\":\"b\","
                             "\"method\":\"m\",\"band\":\"hard\",\"weak_accuracy\":[1,1,1],"
                             "\"student_accuracy\":[1,1,1],"
                             "\"ceiling_accuracy\":[1,1,1],\"pgr\":[1,1,1]",
         "| 1.000 [1.000 1.000] | – | – | – | – |\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str to = STR_INIT;
        str_addf(&to, "%s%s", PGR_NONE, cases[i].more);
        struct str json = other(PGR_NONE, to.s), out = page(&json, "1a", "", false);
        if (!strstr(out.s, cases[i].row) ||
            !strstr(out.s, "10^12 operations | time | PGR per") != !*cases[i].more)
            fail_msg("not said: %s: %s", cases[i].row, strstr(out.s, "<details>"));
        str_release(&to);
        str_release(&json);
        str_release(&out);
    }
    (void)state;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

/* What was made of a file that is another now says so, in the table and its section, as long as
 * that is so; of a file that is not known nothing is said, or is left as it was. */
static void earlier(void **state)
{
    struct str json = other("A title", "A title"), bare = other("\"file_hash\":\"1a\",", ""),
               more = other("\"name\":\"tried\"", "\"name\":\"more\"");
    struct str now = page(&json, "1a", "", false), changed = page(&json, "2b", "", false),
               unsaid = page(&bare, "1a", "", false), html = page(&json, "2b", "", true);
    const char *row = "| [tried](#tried) | holds; of earlier files | 1 of 1 |",
               *mark = "\n\n**This is of earlier files**: ";
    assert_non_null(strstr(now.s, "| [tried](#tried) | holds | 1 of 1 |"));
    assert_non_null(
        strstr(now.s, "## tried\n\n<!-- the finding's files: sha256 1a -->\n\nA title.\n"));
    assert_null(strstr(now.s, mark));
    assert_non_null(strstr(changed.s, row));
    assert_int_equal(count(changed.s, mark), 1);
    assert_non_null(strstr(unsaid.s, row));
    assert_non_null(strstr(unsaid.s, "## tried\n\n**This is of earlier files**: "));
    assert_int_equal(count(html.s, "of earlier files"), 2);
    assert_non_null(strstr(html.s, "holds; of earlier files</td>"));
    /* kept beside another finding: marked once the file has changed, not twice, and no more once it
     * is that file again */
    struct str grown = page(&more, "1a", now.s, false), twice = STR_INIT;
    assert_int_equal(count(grown.s, mark), 0);
    assert_non_null(strstr(grown.s, strstr(now.s, "## tried")));
    str_release(&grown);
    grown = page(&more, "2b", now.s, false);
    assert_non_null(strstr(grown.s, row));
    assert_int_equal(count(grown.s, mark), 1);
    assert_non_null(strstr(grown.s, strstr(changed.s, "## tried")));
    twice = page(&more, "2b", grown.s, false);
    assert_string_equal(twice.s, grown.s);
    str_release(&twice);
    twice = page(&more, "1a", grown.s, false);
    assert_int_equal(count(twice.s, mark), 0);
    assert_non_null(strstr(twice.s, strstr(now.s, "## tried")));
    assert_non_null(strstr(twice.s, "| [tried](#tried) | holds | 1 of 1 |"));
    /* nor is another scale of it */
    struct str gpu = other("\"scale\":\"laptop\"", "\"scale\":\"gpu\""),
               elsewhere = page(&gpu, "2b", "", false);
    assert_null(strstr(elsewhere.s, mark));
    str_release(&gpu);
    str_release(&elsewhere);
    /* "more" is none of those whose files are known */
    assert_non_null(strstr(twice.s, "| [more](#more) | holds | 1 of 1 |"));
    struct str *all[] = {&json, &bare, &more, &now, &changed, &unsaid, &html, &grown, &twice};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        str_release(all[i]);
    (void)state;
}

/* script - of a finding with these panels; heap. */
static struct str script(const struct str *panels, int *height)
{
    struct str json = STR_INIT, out = STR_INIT;
    const char *at = strstr(good, "\"panels\":["), *end = strstr(good, "],\"pairs\"");
    struct doc_tree t;
    struct err e = ERR_INIT;
    str_catn(&json, good, (size_t)(at - good));
    str_addf(&json, "\"panels\":[%s%s", panels->s, end);
    read_json(&t, &json);
    assert_ok(finding_check(t.root, &e), &e);
    assert_ok(finding_script(t.root, &out, height, &e), &e);
    doc_tree_release(&t);
    str_release(&json);
    return out;
}

/* names_panel - n names, of each a point of every line. */
static void names_panel(struct str *out, size_t n, size_t lines, const char *name)
{
    str_cat(out, "{\"title\":\"P\",\"label\":\"y\",\"x\":\"method\",\"names\":[");
    for (size_t i = 0; i < n; i++)
        str_addf(out, "%s\"%s%zu\"", i ? "," : "", name, i);
    str_cat(out, "],\"lines\":[");
    for (size_t k = 0; k < lines; k++) {
        str_addf(out, "%s{\"name\":\"line %zu\",\"points\":[", k ? "," : "", k);
        for (size_t i = 0; i < n; i++)
            str_addf(out, "%s[%zu.0,0.5,0.4,0.6]", i ? "," : "", i);
        str_cat(out, "]}");
    }
    str_cat(out, "]}");
}

static double after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    assert_non_null(at);
    return strtod(at + strlen(mark), NULL);
}

/* Every name of a panel has room for its own text and for a point of each line, however few names
 * there are, and leaves room for numbers; a long one goes on in the next line. */
static void names_have_room(void **state)
{
    static const struct {
        size_t n, lines;
        const char *name;
        double least; /* pixels of each */
        size_t breaks;
    } cases[] = {{1, 1, "a ", 16, 0},
                 {2, 4, "a ", 40, 0},
                 {30, 2, "a ", 20, 0},
                 {3, 1, "one of thirty characters, that and a bit more than one line ", 36, 3},
                 {2, 1, "without-any-blank-and-longer-than-one-line-", 36, 2},
                 {2, 12, "a ", 120, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str panel = STR_INIT;
        int height = 0;
        names_panel(&panel, cases[i].n, cases[i].lines, cases[i].name);
        struct str out = script(&panel, &height);
        double top = after(out.s, "set tmargin at screen "),
               bottom = after(out.s, "set bmargin at screen ");
        assert_true((top - bottom) * height >= cases[i].least * (double)cases[i].n);
        assert_true((1 - top) * height >= 40 && bottom * height >= 60);
        assert_int_equal(count(out.s, "\\n"), cases[i].breaks);
        str_release(&panel);
        str_release(&out);
    }
    (void)state;
}

/* More panels than anybody looks at are drawn, all of them. */
static void many_panels(void **state)
{
    struct str panels = STR_INIT;
    int height = 0;
    for (size_t i = 0; i < 70; i++) {
        str_cat(&panels, i ? "," : "");
        names_panel(&panels, 1, 1, "a");
    }
    struct str out = script(&panels, &height);
    assert_int_equal(count(out.s, "\nset title "), 70);
    assert_int_equal(count(out.s, "\nplot $p"), 70);
    assert_true(height > 70 * 60);
    str_release(&panels);
    str_release(&out);
    (void)state;
}

/* No two of 90 lines have one shape in one colour. */
static void lines_differ(void **state)
{
    static char seen[90][64];
    struct str panel = STR_INIT;
    int height = 0;
    size_t n = 0;
    names_panel(&panel, 1, 90, "a");
    struct str out = script(&panel, &height);
    for (const char *at = out.s; (at = strstr(at, " title \"line ")); at++, n++) {
        const char *begin = at;
        while (strncmp(begin, " pt ", 4) != 0)
            begin--;
        assert_true(n < 90 && at - begin < 64);
        snprintf(seen[n], sizeof seen[n], "%.*s", (int)(at - begin), begin);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(seen[i], seen[n]);
    }
    assert_int_equal(n, 90);
    str_release(&panel);
    str_release(&out);
    (void)state;
}

/* An interval that reaches out of its panel has an arrow at that edge, of a size as of names, and
 * one without end is drawn up to there; the legend says what arrows are. */
static void cut_intervals(void **state)
{
    static const struct {
        const char *points;
        size_t arrows;
    } cases[] = {{"[0.0,0.5,0.4,0.6],[1.0,0.7,0.6,0.8]", 0},
                 {"[0.0,0.5,-3,0.6],[1.0,0.7,0.6,0.8]", 1},
                 {"[0.0,0.5,0.4,9],[1.0,0.7,0.6,null]", 2},
                 {"[0.0,0.5,-9,9],[1.0,0.7,null,null]", 2},
                 {"[0.0,0.5,0.4,0.6],[1.0,0.7,\"-inf\",\"inf\"]", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int named = 0; named < 2; named++) {
            struct str panel = STR_INIT;
            int height = 0;
            str_addf(&panel,
                     "{\"title\":\"P\",\"label\":\"y\",\"x\":\"%s\",%s\"lines\":[{\"name\":\"l\","
                     "\"points\":[%s]}]}",
                     named ? "method" : "epoch", named ? "\"names\":[\"a\",\"b\"]," : "",
                     cases[i].points);
            struct str out = script(&panel, &height);
            const char *block = strstr(out.s, "$c0 << EOD\n");
            assert_non_null(block);
            size_t n = 0;
            for (const char *at = strchr(block, '\n') + 1; strncmp(at, "EOD", 3) != 0; n++)
                at = strchr(at, '\n') + 1;
            assert_int_equal(n, cases[i].arrows);
            assert_int_equal(count(out.s, "$c0 using 1:2:3:4:5 with vectors"), n > 0);
            assert_int_equal(count(out.s, "title \"arrow: the interval goes on\""), n > 0);
            str_release(&panel);
            str_release(&out);
        }
    (void)state;
}

/* Points of one size are drawn beside each other, in the order of their lines, within the axis, and
 * nearer to their own place than to another size's; so where there is one size alone. Those of
 * epochs and ratios are where they are. */
static void beside_each_other(void **state)
{
    static const struct {
        const char *axis;
        double first, second, unit;
        bool moved;
    } cases[] = {{"student_size", 1e7, 3e7, 1e6, true}, {"student_layers", 10, 30, 1, true},
                 {"student_size", 1e7, 1e7, 1e6, true}, {"student_layers", 10, 10, 1, true},
                 {"size_ratio", 1.4, 2.8, 1, false},    {"epoch", 1, 2, 1, false}};
    enum { LINES = 40 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str panel = STR_INIT;
        int height = 0;
        double at[] = {cases[i].first / cases[i].unit, cases[i].second / cases[i].unit},
               near = at[1] > at[0] ? (at[1] - at[0]) / 2 : 0.5;
        str_addf(&panel, "{\"title\":\"P\",\"label\":\"y\",\"x\":\"%s\",\"lines\":[",
                 cases[i].axis);
        for (int k = 0; k < LINES; k++)
            str_addf(&panel,
                     "%s{\"name\":\"%d\",\"points\":[[%.9g,0.5,0.4,0.6],[%.9g,0.7,0.6,0.8]]}",
                     k ? "," : "", k, cases[i].first, cases[i].second);
        str_cat(&panel, "]}");
        struct str out = script(&panel, &height);
        double lo = after(out.s, "set xrange ["), end = after(strstr(out.s, "set xrange ["), ":");
        double before[] = {lo, lo};
        for (int k = 0; k < LINES; k++) {
            char mark[32];
            snprintf(mark, sizeof mark, "$p0_%d << EOD\n", k);
            const char *second = strchr(strstr(out.s, mark) + strlen(mark), '\n') + 1;
            double x[] = {after(out.s, mark), strtod(second, NULL)};
            for (int j = 0; j < 2; j++) {
                assert_true(cases[i].moved ? x[j] > before[j] : x[j] == at[j]);
                assert_true(fabs(x[j] - at[j]) < near && x[j] > lo && x[j] < end);
                before[j] = x[j];
            }
        }
        str_release(&panel);
        str_release(&out);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),         cmocka_unit_test(sentences),
        cmocka_unit_test(devices),         cmocka_unit_test(bounds),
        cmocka_unit_test(points),          cmocka_unit_test(earlier),
        cmocka_unit_test(titles),          cmocka_unit_test(names_have_room),
        cmocka_unit_test(many_panels),     cmocka_unit_test(lines_differ),
        cmocka_unit_test(cut_intervals),   cmocka_unit_test(beside_each_other),
        cmocka_unit_test(infinite_bounds), cmocka_unit_test(pairs_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
