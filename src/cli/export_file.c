/*
 * The file of an export. What can go wrong is told once, with the path; what is half is taken away again.
 */
#include "cli/export.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
	came = number;
}

void cd_export_signals(void)
{
	/* no SA_RESTART: a write into a full pipe has to wake up */
	const struct sigaction take = {.sa_handler = on_signal};
	(void)sigaction(SIGINT, &take, NULL);
	(void)sigaction(SIGTERM, &take, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* is EPIPE, and told like a full disk */
}

int cd_export_signal(void)
{
	return came;
}

static const char *name_of(const struct cd_export_file *f)
{
	return f->path ? f->path : "standard output";
}

static cd_code broken(struct cd_cx *cx, const struct cd_export_file *f, int why)
{
	return cd_fail(
		cx, why == ENOSPC || why == EDQUOT ? CD_E_FULL : CD_E_IO, name_of(f), "%s", strerror(why));
}

static cd_code interrupted(struct cd_cx *cx, const struct cd_export_file *f)
{
	return cd_fail(cx, CD_E_IO, name_of(f), "%s",
		f->part ? "Interrupted; nothing is left" : "Interrupted; what was written is not all");
}

cd_code cd_export_file_open(struct cd_cx *cx, struct cd_export_file *f, const char *path)
{
	struct stat st;
	*f = (struct cd_export_file){.path = path, .fd = -1};
	if (!path) {
		f->fd = STDOUT_FILENO;
		return CD_OK;
	}
	if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
		f->part = cd_arena_printf(cx->arena, "%s.part", path).p;
		if (!f->part)
			return cd_fail_memory(cx);
	}
	f->fd = open(f->part ? f->part : path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f->fd >= 0)
		return CD_OK;
	f->part = NULL;
	return broken(cx, f, errno);
}

cd_code cd_export_file_put(struct cd_cx *cx, struct cd_export_file *f, cd_str s)
{
	while (s.n) {
		if (came)
			return interrupted(cx, f);
		ssize_t n = write(f->fd, s.p, s.n);
		if (n < 0 && errno != EINTR)
			return broken(cx, f, errno);
		if (n <= 0)
			continue;
		s = cd_str_skip(s, (size_t)n);
		f->bytes += (uint64_t)n;
	}
	return came ? interrupted(cx, f) : CD_OK;
}

cd_code cd_export_file_close(struct cd_cx *cx, struct cd_export_file *f, bool whole)
{
	if (f->fd < 0)
		return CD_OK;
	cd_code code = CD_OK;
	if (whole && f->part && fsync(f->fd) != 0)
		code = broken(cx, f, errno);
	if (close(f->fd) != 0 && whole && !code)
		code = broken(cx, f, errno);
	f->fd = -1;
	if (whole && f->part && !code && rename(f->part, f->path) != 0)
		code = broken(cx, f, errno);
	if (f->part && (!whole || code))
		(void)unlink(f->part); /* best effort: it never had the name of the whole */
	return code;
}
