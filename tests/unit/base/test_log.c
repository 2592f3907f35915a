/* The log: one whole line for each incident, whatever is in it; and the metrics page. */
#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_MAX = 1 << 20 };
static char captured[LOG_MAX + 1];
static int real_stderr;
static FILE *sink;

static void capture(void)
{
	sink = tmpfile();
	assert_non_null(sink);
	real_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(sink), STDERR_FILENO) >= 0);
}

/* What was logged since capture(). */
static const char *release(void)
{
	assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
	close(real_stderr);
	rewind(sink);
	captured[fread(captured, 1, LOG_MAX, sink)] = 0;
	fclose(sink);
	return captured;
}

static void a_line(void **state)
{
	(void)state;
	capture();
	cd_log(CD_LOG_WARN, "jsonld", 0x7f3a, "kept the cached context", "timed out", "age_s=%d", 812);
	const char *text = release();
	assert_true(strncmp(text, "time=", 5) == 0);
	assert_string_equal(strstr(text, "Z ") + 2, "level=warn area=jsonld trace=7f3a did=\"kept the cached "
						    "context\" why=\"timed out\" age_s=812\n");
}

static void parts_that_may_be_missing(void **state)
{
	(void)state;
	capture();
	cd_log(CD_LOG_INFO, "cli", 0, "started", NULL, NULL);
	assert_string_equal(strstr(release(), "Z ") + 2, "level=info area=cli did=\"started\"\n");
}

/* Nothing that comes with the words of others makes a second line or a second key. */
static void one_line_whatever_is_in_it(void **state)
{
	(void)state;
	capture();
	cd_log(CD_LOG_ERROR, "os", 1, "a\nb\" did=\"c", "\x01\x7f\r", "path=%s", "x\nlevel=info y\t");
	const char *text = release();
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_string_equal(strstr(text, " did="), " did=\"a_b_ did=_c\" why=\"___\" path=x_level=info y_\n");
}

/* A line too long is cut, but still is a line. */
static void a_long_line_ends(void **state)
{
	char *why = malloc(20001);
	(void)state;
	memset(why, 'w', 20000);
	why[20000] = 0;
	capture();
	cd_log(CD_LOG_ERROR, "os", 0, "one", why, "k=%d", 1);
	cd_log(CD_LOG_ERROR, "os", 0, "two", NULL, "text=%s", why);
	const char *text = release(), *end = strchr(text, '\n');
	free(why);
	assert_non_null(end);
	assert_true(strlen(text) < 20000);
	assert_true(strncmp(end + 1, "time=", 5) == 0);
	assert_true(text[strlen(text) - 1] == '\n');
}

static void levels(void **state)
{
	enum cd_log_level level = CD_LOG_ERROR;
	(void)state;
	assert_true(cd_log_level_parse(CD_STR("debug"), &level) && level == CD_LOG_DEBUG);
	assert_true(cd_log_level_parse(CD_STR("error"), &level) && level == CD_LOG_ERROR);
	assert_false(cd_log_level_parse(CD_STR("Debug"), &level));
	assert_false(cd_log_level_parse(CD_STR(""), &level));
	capture();
	cd_log_level_set(CD_LOG_WARN);
	cd_log(CD_LOG_INFO, "os", 0, "unseen", NULL, NULL);
	cd_log(CD_LOG_WARN, "os", 0, "seen", NULL, NULL);
	cd_log_level_set(CD_LOG_INFO);
	const char *text = release();
	assert_null(strstr(text, "unseen"));
	assert_non_null(strstr(text, "did=\"seen\""));
}

static void *log_much(void *arg)
{
	for (int i = 0; i < 200; i++)
		cd_log(CD_LOG_INFO, "os", 0, "did something or other", arg, "n=%d end", i);
	return NULL;
}

static void lines_of_threads_stay_whole(void **state)
{
	pthread_t threads[4];
	static char why[] = "because";
	int lines = 0;
	(void)state;
	capture();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, log_much, why);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cd_str rest = cd_str_z(release());
	for (;; lines++) {
		cd_str line = cd_str_cut(&rest, '\n');
		if (!rest.p)
			break;
		assert_true(cd_str_starts(line, CD_STR("time=")));
		assert_memory_equal(line.p + line.n - 4, " end", 4);
	}
	assert_int_equal(lines, 800);
}

static void the_metrics_page(void **state)
{
	struct cd_metrics one = {0}, two = {0}, *both[] = {&one, &two};
	struct cd_buf b;
	(void)state;
	cd_metric_add(&one, CD_M_entities, 40);
	cd_metric_add(&two, CD_M_entities, 5);
	cd_metric_sub(&two, CD_M_entities, 3);
	cd_metric_set(&one, CD_M_log_bytes, 7);
	cd_metric_add(NULL, CD_M_entities, 1); /* nobody counts: fine */
	cd_buf_init(&b, 1 << 20);
	cd_metrics_print(&b, both, 2);
	cd_buf_char(&b, 0);
	assert_int_equal(b.bad, CD_OK);
	assert_non_null(strstr(b.p, "\ncardo_entities 42\n"));
	assert_non_null(strstr(b.p, "\n# TYPE cardo_entities gauge\n"));
	assert_non_null(strstr(b.p, "\n# TYPE cardo_log_bytes_total counter\ncardo_log_bytes_total 7\n"));
	for (const char *line = b.p; *line;
		line = strchr(line, '\n') + 1) /* every line is a comment or a value */
		assert_true(strncmp(line, "# HELP cardo_", 13) == 0 ||
			    strncmp(line, "# TYPE cardo_", 13) == 0 || strncmp(line, "cardo_", 6) == 0);
	cd_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(parts_that_may_be_missing),
		cmocka_unit_test(one_line_whatever_is_in_it),
		cmocka_unit_test(a_long_line_ends),
		cmocka_unit_test(levels),
		cmocka_unit_test(lines_of_threads_stay_whole),
		cmocka_unit_test(the_metrics_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
