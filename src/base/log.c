#include "base/log.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int threshold = CD_LOG_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

bool cd_log_level_parse(cd_str text, enum cd_log_level *ret)
{
	for (int i = 0; i < 4; i++)
		if (cd_str_eq(text, cd_str_z(level_names[i]))) {
			*ret = (enum cd_log_level)i;
			return true;
		}
	return false;
}

void cd_log_level_set(enum cd_log_level level)
{
	atomic_store(&threshold, (int)level);
}

enum { LINE_MAX_BYTES = 8192 };

/* Control bytes would break the line apart, and quotes a quoted value. */
static void put_clean(struct cd_buf *b, const char *text, bool quotes)
{
	for (; *text; text++) {
		bool bad = (unsigned char)*text < 0x20 || *text == 0x7f || (*text == '"' && !quotes);
		cd_buf_char(b, bad ? '_' : *text);
	}
}

static void quoted(struct cd_buf *b, const char *key, const char *text)
{
	cd_buf_printf(b, " %s=\"", key);
	put_clean(b, text, false);
	cd_buf_char(b, '"');
}

void cd_log(enum cd_log_level level, const char *area, uint64_t trace, const char *did, const char *why,
	const char *more, ...)
{
	if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	struct cd_buf b;
	cd_buf_init(&b, LINE_MAX_BYTES);
	CD_BUF_LIT(&b, "time=");
	cd_buf_stamp(&b, cd_stamp_of(cd_time_wall(), 3));
	cd_buf_printf(&b, " level=%s area=%s", level_names[level], area);
	if (trace)
		cd_buf_printf(&b, " trace=%llx", (unsigned long long)trace);
	quoted(&b, "did", did);
	if (why)
		quoted(&b, "why", why);
	if (more) {
		char text[1024];
		va_list ap;
		va_start(ap, more);
		vsnprintf(text, sizeof text, more, ap);
		va_end(ap);
		cd_buf_char(&b, ' ');
		put_clean(&b, text, true);
	}
	cd_buf_char(&b, '\n');
	if (b.bad && b.n)
		b.p[b.n - 1] =
			'\n'; /* cut where room or memory ended: the next line must not begin in this one */
	(void)!write(STDERR_FILENO, b.p, b.n); /* one write, so that lines of threads do not mix */
	cd_buf_done(&b);
}
